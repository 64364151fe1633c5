import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Body, type Service, startService } from '../service.ts';

const quote = { source: 'pricing-eu', op: 'get', params: { path: '/quote', query: { sku: 'B-101' } } };
const echo = { ...quote, source: 'catalog', params: { path: '/echo', query: { n: { $param: '/n' } } } };
const batches = {
  quote: { pattern: 'kv', queries: { quote } },
  echo: { pattern: 'kv', params: { n: { type: 'integer', default: 7 } }, queries: { echo } },
  maybe: { pattern: 'kv', params: { n: { type: 'integer', required: false } }, queries: { quote } },
  needed: { pattern: 'kv', tool: true, params: { n: { type: 'integer' } }, queries: { echo } },
};

let service: Service;
beforeAll(async () => {
  service = await startService({ server: { mcp: true }, batches });
});
afterAll(() => service.close());

const MARK = '\ufeff';
const agent = { accept: 'application/json, text/event-stream' };
const called = (given: string): string =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"needed","arguments":${given}}}`;

describe('a byte order mark in front of a body', () => {
  it.each<[string, string, Record<string, string>, string]>([
    ['/kv', JSON.stringify({ queries: { quote } }), {}, '"status":"ok"'],
    ['/ordered', JSON.stringify({ queries: [quote] }), {}, '"status":"ok"'],
    ['/first-reply', JSON.stringify({ queries: [quote] }), {}, '"status":"ok"'],
    ['/kv?explain', JSON.stringify({ queries: { quote } }), {}, '"least":1'],
    ['/kv', JSON.stringify({ queries: { quote } }), { accept: 'application/x-ndjson' }, '"event":"end"'],
    ['/batches/needed', '{"params":{"n":3}}', {}, '"n":"3"'],
    ['/batches/needed.json', '{"params":{"n":3}}', {}, '"n":"3"'],
    ['/mcp', called('{"n":3}'), agent, '"n":"3"'],
    // Read again without its arguments, in which something is wrong.
    ['/mcp', called('{"n":3,"n":3}'), agent, '#/n: the object has this key already'],
  ])('of %s is passed over: %s', async (path, body, headers, told) => {
    const [marked, bare] = [await service.post(path, MARK + body, headers), await service.post(path, body, headers)];
    expect(marked.status).toBe(200);
    expect(marked.text.replaceAll('\\"', '"')).toContain(told);
    expect(marked.headers['content-type']).toBe(bare.headers['content-type']);
  });

  it.each([
    ['{"queries":{"a" 1}}', 'not JSON from here on: line 1, column 17, byte 19'],
    ['\n {', 'the JSON ends too early: line 2, column 3, byte 6'],
    ['', 'the JSON ends too early: line 1, column 1, byte 3'],
    [`${MARK}{}`, 'not JSON from here on: line 1, column 1, byte 3'],
    [`{}${MARK}`, 'not JSON from here on: line 1, column 3, byte 5'],
  ])('is no column, but has its bytes, where %j is no JSON', async (body, detail) => {
    const told = (await service.post('/kv', MARK + body)).json();
    expect(told).toMatchObject({ status: 400, errors: [{ pointer: '#', detail }] });
  });

  it('of UTF-16 is told as such', async () => {
    const little = Buffer.from(`${MARK}{}`, 'utf16le');
    for (const bytes of [little, Buffer.from(little).swap16()]) {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${service.url}/kv`, { method: 'POST', headers, body: new Uint8Array(bytes) });
      const { errors } = (await answer.json()) as Body;
      expect(errors).toEqual([{ pointer: '#', detail: expect.stringContaining('this is UTF-16, and JSON is UTF-8') }]);
    }
  });
});

describe('a POST without a body and without a type of one', () => {
  const missing = {
    status: 400,
    errors: [{ pointer: '#/params/n', detail: 'n is missing; a whole number is allowed' }],
  };
  const noBody = { status: 415, detail: 'a body is missing; it must be application/json' };
  const answered = { complete: true };
  const cases: [string, object][] = [
    ['/batches/quote', answered],
    ['/batches/echo', { results: { echo: { value: { query: { n: '7' } } } } }],
    ['/batches/maybe', answered],
    ['/batches/quote.json', answered],
    ['/batches/quote?explain', { pattern: 'kv' }],
    ['/batches/needed', missing],
    ['/kv', noBody],
    ['/ordered', noBody],
    ['/first-reply', noBody],
    ['/mcp', noBody],
  ];
  it.each(cases)('to %s asks what {} asks where one may, else is told what is missing', async (path, told) => {
    expect((await service.get(path, {}, 'POST')).json()).toMatchObject(told);
    const socket = connect(service.port, '127.0.0.1');
    socket.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    const [, body = ''] = (await text(socket)).split('\r\n\r\n');
    expect(JSON.parse(body)).toMatchObject(told);
  });

  it.each([
    ['application/json', 400],
    ['text/plain', 415],
  ])('is held to its type where it has one: %s', async (type, status) => {
    expect((await service.get('/batches/quote', { 'content-type': type }, 'POST')).status).toBe(status);
  });

  it('may be left out by the OpenAPI document where it may be', async () => {
    const { paths } = (await service.get('/openapi.json')).json();
    const required = Object.keys(batches).map((name) => paths[`/batches/${name}`].post.requestBody.required as boolean);
    expect(required).toEqual([false, false, false, true]);
  });
});
