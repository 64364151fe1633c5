import { once } from 'node:events';
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import Fastify from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Admission } from '../../src/service/admission.ts';
import { buildApp } from '../../src/service/app.ts';
import { openSources, parseConfig } from '../configured.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { until } from '../service.ts';

const SHORT = '"short"';
const LARGE = JSON.stringify('x'.repeat(400_000));
const held: ServerResponse[] = [];
const agent = new Agent({ keepAlive: true });
let store: ScriptedStore;
beforeAll(async () => {
  store = await startScripted((_path, response) => void held.push(response));
});
afterEach(() => {
  for (const answer of held.splice(0)) answer.destroy();
});
afterAll(async () => {
  agent.destroy();
  await store.close();
});

it.each([
  ['application/json', SHORT],
  ['application/json', LARGE],
  ['application/x-ndjson', SHORT],
  ['text/event-stream', SHORT],
  ['application/zip', SHORT],
  ['application/octet-stream', SHORT],
  ['text/csv', '[{"a":1}]'],
])('an answer in %s that begins while the service drains closes its connection', async (accept, body) => {
  const config = parseConfig({ sources: { store: { adapter: 'rest', url: store.url } } });
  await using sources = await openSources(config);
  const app = await buildApp(config, sources);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  try {
    const headers = { accept, 'content-type': 'application/json' };
    const sent = request(`${url}/kv`, { method: 'POST', headers, agent });
    const closed = once(sent, 'socket').then(([socket]) => once(socket, 'close'));
    sent.end(JSON.stringify({ queries: { a: { source: 'store', op: 'get' } } }));
    await until(() => held.length === 1, 'the store is asked');
    const drained = app.drain();
    held[0]!.writeHead(200, { 'content-type': 'application/json' }).end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    expect([answer.statusCode, answer.headers['connection']]).toEqual([200, 'close']);
    expect((await text(answer)).length).toBeGreaterThan(0);
    await closed;
    expect(await drained).toBe(true);
  } finally {
    await app.close();
  }
});

it.each(['application/json', 'application/x-ndjson', 'application/octet-stream', 'application/zip'])(
  'a client that takes nothing of an answer in %s is cut where the time is over',
  async (accept) => {
    const config = parseConfig({
      sources: { store: { adapter: 'rest', url: store.url, maxBytes: 2 ** 26 } },
      server: { bufferBytes: 2 ** 30 },
    });
    await using sources = await openSources(config);
    const app = await buildApp(config, sources);
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    try {
      const headers = { accept, 'content-type': 'application/json' };
      const sent = request(`${url}/kv`, { method: 'POST', headers });
      sent.end(JSON.stringify({ queries: { a: { source: 'store', op: 'get' } } }));
      await until(() => held.length === 1, 'the store is asked');
      held[0]!.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify('x'.repeat(2 ** 24)));
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      answer.on('error', () => {});
      const drained = app.drain();
      app.cut();
      expect(await drained).toBe(false);
    } finally {
      await app.close();
    }
  },
);

it.each([
  ['is answered', false],
  ['is cut where the time is over', true],
])('what is described while the service begins to drain %s', async (_end, isCut) => {
  const config = parseConfig({ sources: { store: { adapter: 'rest', url: store.url } } });
  await using sources = await openSources(config);
  const app = await buildApp(config, sources);
  const [asked, answering] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
  app.get('/slow', () => {
    asked.resolve();
    return answering.promise;
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  try {
    const answer = fetch(`${url}/slow`, { headers: { connection: 'close' } });
    await asked.promise;
    let isDrained = false;
    const drained = app.drain().then((whole) => {
      isDrained = true;
      return whole;
    });
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    expect(isDrained).toBe(false);
    if (isCut) app.cut();
    else answering.resolve('described');
    expect(await answer.then((whole) => whole.text()).catch(() => 'broken')).toBe(isCut ? 'broken' : 'described');
    expect(await drained).toBe(!isCut);
  } finally {
    await app.close();
  }
});

describe('once what is under way was cut', () => {
  it('a batch whose body comes then is told why it is not run, and its connection stays', async () => {
    const app = await buildApp(parseConfig({}), { sources: new Map() });
    const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
    const client = connect(Number(port), '127.0.0.1');
    try {
      const head =
        'POST /kv HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n';
      const entered = once(app.server, 'request');
      client.write(`${head}{"queries"`);
      await entered;
      app.cut('the service has a new configuration');
      client.write(':{}}');
      client.end('GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      const told = await text(client);
      expect(told).toMatch(/^HTTP\/1\.1 503 [^]*\r\nretry-after: 1\r\n[^]*HTTP\/1\.1 200 /);
      expect(told).toContain('"detail":"the service has a new configuration"');
    } finally {
      client.destroy();
      await app.close();
    }
  });

  it('a batch that was still being planned ends as it begins', async () => {
    const app = Fastify();
    const admission = new Admission(1);
    admission.guard(app);
    const ended: string[] = [];
    admission.cut('it is over');
    admission.whenCut((why) => ended.push(why));
    expect(ended).toEqual(['it is over']);
    await app.close();
  });
});
