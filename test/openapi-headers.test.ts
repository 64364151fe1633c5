import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashedKey, makeKey } from '../src/callers/api-keys.ts';
import { startScripted, type ScriptedStore } from './scripted-store.ts';
import { type Answer, type Body, type Service, startService } from './service.ts';

/** Of HTTP itself, and what a browser is told of every answer alike. */
const OF_HTTP =
  /^(?:connection|content-encoding|content-length|content-type|date|keep-alive|transfer-encoding|x-content-type-options)$/;

const key = makeKey();
const get = (path: string, own: object = {}) => ({ source: 'stored', op: 'get', params: { path, ...own } });
const rows = { source: 'stored', op: 'get', params: { path: '/rows' } };
const mine = { ...rows, when: { $caller: '/sub' } };
const batches = {
  mine: { pattern: 'ordered', onError: 'fail', queries: [mine] },
  file: { pattern: 'ordered', maxAgeSeconds: 5, queries: [get('/file')] },
  part: { pattern: 'ordered', queries: [get('/file', { headers: { range: 'bytes=0-1' } })] },
  rows: { pattern: 'ordered', queries: [rows] },
};

let store: ScriptedStore;
let anyone: Service;
let known: Service;
beforeAll(async () => {
  store = await startScripted((path, response, { headers: { range } }) => {
    const stored = { etag: '"a"', 'last-modified': 'Sat, 28 Nov 2026 20:00:00 GMT' };
    if (path === '/busy') response.writeHead(429, { 'retry-after': '1' }).end();
    else if (path === '/gone') response.writeHead(404).end();
    else if (path === '/rows') response.writeHead(200, { 'content-type': 'application/json' }).end('[{"a":1}]');
    else if (range) response.writeHead(206, { ...stored, 'content-range': 'bytes 0-1/4' }).end('te');
    else response.writeHead(200, { ...stored, 'content-type': 'text/plain' }).end('text');
  });
  const nowhere = { endpoint: 'http://127.0.0.1:9/', accessKeyId: 'k', secretAccessKey: 's' };
  const sources = {
    stored: { adapter: 'rest', url: store.url, retry: false },
    down: { adapter: 's3', bucket: 'bucket', ...nowhere, describe: true, retry: false },
  };
  const server = { mcp: true, playground: true, hosts: ['127.0.0.1'] };
  anyone = await startService({ sources, server, batches });
  const web = { keys: [hashedKey(key)], sources: ['stored', 'down'], adhoc: true, batches: '*', metrics: true };
  const { stores } = anyone;
  known = await startService({
    stores,
    sources,
    server: { ...server, playground: false },
    batches,
    callers: { web, kiosk: { keys: [hashedKey(makeKey())] } },
  });
});
afterAll(async () => {
  await known.close();
  await anyone.close();
  await store.close();
});

/** A coding of the body that is not taken. */
const CODED = { 'transfer-encoding': 'gzip' };

const ACCEPT = { accept: 'application/json, text/event-stream' };
const octets = { accept: 'application/octet-stream' };
const kv = (query: object, own: object = {}) => ({ ...own, queries: { query } });
const call = (method: string, params: object = {}) => ({ jsonrpc: '2.0', id: 1, method, params });

type Asked = readonly [
  status: number,
  method: string,
  path: string,
  template?: string | undefined,
  headers?: Record<string, string>,
  body?: unknown,
];
const ASKED: readonly Asked[] = [
  [200, 'GET', '/health/live'],
  [200, 'GET', '/health/ready'],
  [503, 'GET', '/health/ready?strict', '/health/ready'],
  [200, 'GET', '/sources'],
  [200, 'GET', '/sources/stored', '/sources/{name}'],
  [404, 'GET', '/sources/none', '/sources/{name}'],
  [502, 'GET', '/sources/down', '/sources/{name}'],
  [200, 'GET', '/batches'],
  [200, 'GET', '/limits'],
  [400, 'GET', '/limits?a', '/limits'],
  [405, 'DELETE', '/limits'],
  [421, 'GET', '/limits', undefined, { host: 'other.example' }],
  [501, 'GET', '/limits', undefined, CODED],
  [501, 'GET', '/health/live', undefined, CODED],
  [501, 'POST', '/kv', undefined, CODED, ''],
  [501, 'POST', '/mcp', undefined, CODED, ''],
  [200, 'GET', '/openapi.json'],
  [200, 'GET', '/metrics'],
  [200, 'GET', '/'],
  [200, 'GET', '/docs'],
  [200, 'GET', '/docs/start.js', '/docs/{file}'],
  [404, 'GET', '/docs/none', '/docs/{file}'],
  [200, 'POST', '/kv', undefined, {}, kv(rows)],
  [200, 'POST', '/kv?explain', '/kv', {}, kv(rows)],
  [400, 'POST', '/kv', undefined, {}, {}],
  [404, 'POST', '/kv', undefined, {}, kv(get('/gone'), { onError: 'fail' })],
  [503, 'POST', '/kv', undefined, {}, kv(get('/busy'), { onError: 'fail' })],
  [406, 'POST', '/kv', undefined, { accept: 'image/png' }, kv(rows)],
  [413, 'POST', '/kv', undefined, {}, 'x'.repeat(1_100_000)],
  [415, 'POST', '/kv', undefined, { 'content-type': 'text/plain' }, 'x'],
  [200, 'POST', '/kv', undefined, octets, kv(get('/file'))],
  [206, 'POST', '/kv', undefined, octets, kv(get('/file', { headers: { range: 'bytes=0-1' } }))],
  ...['application/x-ndjson', 'text/event-stream', 'application/zip', 'application/x-tar', 'text/csv'].map(
    (accept): Asked => [200, 'POST', '/kv', undefined, { accept }, kv(rows)],
  ),
  ...['/ordered', '/first-reply'].map((path): Asked => [200, 'POST', path, undefined, {}, { queries: [rows] }]),
  [200, 'POST', '/mcp', undefined, ACCEPT, call('tools/list')],
  [202, 'POST', '/mcp', undefined, ACCEPT, { jsonrpc: '2.0', method: 'notifications/initialized' }],
  [400, 'POST', '/mcp', undefined, ACCEPT, '['],
  [400, 'POST', '/mcp?a', '/mcp', ACCEPT, call('ping')],
  [406, 'POST', '/mcp', undefined, { accept: 'text/html' }, call('ping')],
  ...['GET', 'HEAD'].flatMap((method): Asked[] => [
    [200, method, '/batches/rows'],
    [200, method, '/batches/rows.csv', '/batches/rows.{ending}'],
    [200, method, '/batches/file.zip', '/batches/file.{ending}'],
    [200, method, '/batches/file.bin', '/batches/file.{ending}'],
    [206, method, '/batches/part.bin', '/batches/part.{ending}'],
    [304, method, '/batches/rows', undefined, { 'if-none-match': '*' }],
    [304, method, '/batches/file.bin', '/batches/file.{ending}', { 'if-none-match': '*' }],
    [304, method, '/batches/part.bin', '/batches/part.{ending}', { 'if-none-match': '*' }],
    [412, method, '/batches/rows', undefined, { 'if-match': '"x"' }],
    [412, method, '/batches/file.bin', '/batches/file.{ending}', { 'if-match': '"x"' }],
    [400, method, '/batches/rows?a', '/batches/rows'],
    [501, method, '/batches/rows', undefined, CODED],
    [501, method, '/batches/rows.csv', '/batches/rows.{ending}', CODED],
    [406, method, '/batches/rows', undefined, { accept: 'image/png' }],
    [403, method, '/batches/mine'],
    [403, method, '/batches/mine.csv', '/batches/mine.{ending}'],
    [200, method, '/batches/rows', undefined, { 'content-encoding': 'gzip' }],
  ]),
  [204, 'GET', '/batches/rows', undefined, { accept: 'text/event-stream', 'last-event-id': '1' }],
  [200, 'POST', '/batches/file.bin', '/batches/file.{ending}', {}, {}],
  [403, 'POST', '/batches/mine', undefined, {}, {}],
  [415, 'POST', '/batches/rows', undefined, { 'content-encoding': 'gzip' }, {}],
  [415, 'POST', '/batches/rows', undefined, { 'content-type': 'text/plain' }, 'x'],
];

const EACH = ASKED.map((asked) => ({ asked, title: asked.slice(0, 3).join(' ') }));

/** The media type and headers that an answer has and its document does not, or the other way round. */
function untrue(document: Body, answer: Answer, [status, method, path, template = path]: Asked): string[] {
  const resolved = (one: Body): Body =>
    one.$ref
      ? one.$ref
          .slice(2)
          .split('/')
          .reduce((at: Body, step: string) => at[step], document)
      : one;
  const operations = document.paths[template];
  const { responses } = operations[method.toLowerCase()] ?? Object.values(operations)[0];
  const { headers: told, content = {} } = resolved(responses[status] ?? responses.default);
  const mediaType = answer.headers['content-type']?.replace(/;.*/, '');
  const isTyped = mediaType === undefined || method === 'HEAD' || mediaType in content || '*/*' in content;
  const names = Object.keys(told);
  const declared = new Set(names.map((name) => name.toLowerCase()));
  return [
    ...(isTyped ? [] : [mediaType]),
    ...Object.keys(answer.headers).filter((name) => !declared.has(name) && !OF_HTTP.test(name)),
    ...names.filter((name) => resolved(told[name]).required && !(name.toLowerCase() in answer.headers)),
  ];
}

/** Undici's client sends no coding of its caller's. */
async function coded(url: string, method: string, headers: Record<string, string>): Promise<Answer> {
  const sent = request(url, { method, headers }).end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const body = await text(answer);
  return {
    status: answer.statusCode!,
    headers: answer.headers as Record<string, string>,
    text: body,
    ms: 0,
    json: () => JSON.parse(body),
  };
}

async function ask(service: Service, [, method, path, , headers = {}, body]: Asked, own: object = {}): Promise<Answer> {
  const sent = { ...headers, ...own };
  if ('transfer-encoding' in headers) return coded(service.url + path, method, sent);
  return method === 'POST' ? service.post(path, body, sent) : service.get(path, sent, method);
}

describe('an answer has the headers and the media type that the document tells of', () => {
  it.each(EACH)('$title', async ({ asked }) => {
    const document = (await anyone.get('/openapi.json')).json();
    const answer = await ask(anyone, asked);
    expect(answer.status, answer.text).toBe(asked[0]);
    expect(untrue(document, answer, asked)).toEqual([]);
  });

  it.each(EACH)('$title of a caller', async ({ asked }) => {
    const own = { 'x-api-key': key };
    const document = (await known.get('/openapi.json', own)).json();
    const answer = await ask(known, asked, own);
    expect(answer.status, answer.text).toBe(asked[0]);
    expect(untrue(document, answer, asked)).toEqual([]);
  });

  it('401, or an answer, for who sends no key, as the document tells of each path', async () => {
    const document = (await known.get('/openapi.json', { 'x-api-key': key })).json();
    for (const asked of ASKED.filter(([status]) => status === 200)) {
      const [, method, path, template = path.replace(/\?.*/, '')] = asked;
      const answer = await ask(known, asked);
      const isOpen = document.paths[template][method.toLowerCase()].security.length === 0;
      expect([path, answer.status]).toEqual([path, isOpen ? 200 : 401]);
      if (!isOpen) expect(untrue(document, answer, [401, method, path, template])).toEqual([]);
    }
    const none = ['GET', '/docs/none', '/docs/{file}'] as const;
    const answer = await ask(known, [401, ...none]);
    expect(answer.status).toBe(401);
    expect(untrue(document, answer, [401, ...none])).toEqual([]);
  });
});
