import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processMemory } from '../../src/budget/memory.ts';
import { type App, buildApp } from '../../src/service/app.ts';
import type { Sources } from '../../src/sources/open.ts';
import { openSources, parseConfig } from '../configured.ts';
import { startTexts, until } from '../service.ts';

const listOf = (text: string, bytes: number) => `[${`${text},`.repeat(bytes / (text.length + 1))}${text}]`;
const NESTED = listOf('['.repeat(24) + ']'.repeat(24), 900_000);
const ORDINARY = listOf('{"id":12345,"sku":"AB-123","n":7,"ok":true,"at":"mon"}', 900_000);
/** Room for what is ordinary several times; not for what takes thirty times its text. */
const ROOM = 24 * 2 ** 20;

const memory = processMemory(ROOM);
let texts: Awaited<ReturnType<typeof startTexts>>;
let sources: Sources;
let app: App;
beforeAll(async () => {
  const answers = { nested: NESTED, ordinary: ORDINARY, one: '1' };
  texts = await startTexts(new Map(Object.entries(answers).map(([name, text]) => [`/${name}`, text])));
  const config = parseConfig({
    server: { mcp: true },
    sources: { mine: { adapter: 'rest', url: texts.url, methods: ['get', 'post'] } },
  });
  sources = await openSources(config);
  app = await buildApp(config, { sources: sources.sources, memory });
});
afterAll(async () => {
  await app.close();
  await sources[Symbol.asyncDispose]();
  await texts.close();
});

const posting = (body: string) =>
  `{"queries":{"a":{"source":"mine","op":"post","params":{"path":"/one","body":${body}}}}}`;
const opening = (path: string) =>
  `{"queries":{"a":{"source":"mine","op":"get","params":{"path":"/${path}"},"hidden":true},` +
  `"b":{"source":"mine","op":"get","params":{"path":"/one"},"unless":{"$result":"/a/0/zz"}}}}`;
const calling = (batch: string) =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"run_batch","arguments":${batch}}}`;

async function answered(url: string, payload: string): Promise<string> {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const { statusCode, body } = await app.inject({ method: 'POST', url, headers, payload });
  return `${statusCode} ${body}`;
}

describe('what JSON is opened as', () => {
  it.each([
    ['a body of nested lists', '/kv', posting(NESTED), /^503 .*OVERLOADED/],
    ['an answer of nested lists', '/kv', opening('nested'), /^200 .*"b":\{"status":"error".*OVERLOADED/],
    ['the arguments of a tool', '/mcp', calling(posting(NESTED)), /^400 .*OVERLOADED/],
    ['a body of ordinary objects', '/kv', posting(ORDINARY), /^200 \{"complete":true/],
    ['an answer of ordinary objects', '/kv', opening('ordinary'), /^200 \{"complete":true/],
    ['a tool’s ordinary arguments', '/mcp', calling(posting(ORDINARY)), /^200 /],
  ])('counts against server.bufferBytes until it is answered: %s', async (_what, url, payload, answer) => {
    expect(await answered(url, payload)).toMatch(answer);
    await until(() => memory.held === 0, 'all is let go of');
  });
});
