import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { type Service, startService } from '../service.ts';

/** What an object without fields of its own has, too; header fields may be called so. */
const NAMES = ['constructor', '__proto__'];

let store: ScriptedStore;
let service: Service;
let sent: Record<string, string>[];

beforeAll(async () => {
  store = await startScripted((path, answer, { headersDistinct }) => {
    const fields = Object.entries(headersDistinct).filter(([name]) => NAMES.includes(name));
    sent.push(Object.fromEntries(fields.map(([name, values]) => [name, `${values?.join()}`])));
    if (path === '/telling') for (const name of NAMES) answer.setHeader(name, 'told');
    answer.setHeader('content-type', 'application/json').end('[]');
  });
  const plain = { adapter: 'rest', url: store.url, forwardHeaders: NAMES, responseHeaders: NAMES };
  const configured = { ...plain, headers: { constructor: 'configured' } };
  service = await startService({ sources: { plain, configured } });
});
afterAll(async () => {
  await service.close();
  await store.close();
});

const ofEach = (value: string) => Object.fromEntries(NAMES.map((name) => [name, value]));

/** What the answer of one query is; `sent` has what its store was sent. */
async function ask(source: string, path: string, headers: Record<string, string> = {}): Promise<string> {
  sent = [];
  const body = { queries: { a: { source, op: 'get', params: { path } } } };
  return (await service.post('/kv', body, headers)).text;
}

// Bytes are sent on as they come, by another client than what is gathered.
describe.each(['application/json', 'application/octet-stream'])('a field of such a name, for %s', (accept) => {
  it.each([
    ['nobody', 'plain', undefined, {}],
    ['the caller', 'plain', ofEach('said'), ofEach('said')],
    ['the configuration', 'configured', undefined, { constructor: 'configured' }],
  ])('is sent as %s has it', async (_, source, callers, expected) => {
    await ask(source, '/', { accept, ...callers });
    expect(sent).toEqual([expected]);
  });
});

it.each([
  ['/telling', ofEach('told')],
  ['/', {}],
])('is told as the store answers it, of %s', async (path, expected) => {
  expect(await ask('plain', path)).toContain(`"headers":${JSON.stringify(expected)}`);
});
