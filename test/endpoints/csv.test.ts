import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { Decimal128, Long, ObjectId } from 'bson';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { type Answer, asked, type Service, startService } from '../service.ts';
import { askBytes } from './bytes.ts';

const TEXTS: Record<string, string> = {
  '/list': '[{"sku":"B-1","price":1.5,"tags":["a","b"]},{"sku":"B-2","note":"x, \\"y\\"","price":null}]',
  '/digits': '[{"id":9007199254740993,"price":4503599627370497.5}]',
  '/empty': '[]',
  '/object': '{"hits":[{"a":1}]}',
  '/mixed': '[{"a":1},2]',
  '/half': '[{"a":"\\ud83d"}]',
  '/large': JSON.stringify(Array.from({ length: 60_000 }, (_, at) => ({ id: at, name: `name ${at}`, ok: true }))),
  '/wide': JSON.stringify(
    Array.from({ length: 2000 }, (_, row) =>
      Object.fromEntries(Array.from({ length: 20 }, (_, column) => [`${row}.${column}`, 1])),
    ),
  ),
};
const texts = createServer((request, response) => {
  const text = TEXTS[request.url ?? ''];
  response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(text);
});

let stores: Stores;
let service: Service;
beforeAll(async () => {
  texts.listen(0, '127.0.0.1');
  await once(texts, 'listening');
  stores = await startStores();
  const id = new ObjectId('66f0000000000000000f0001');
  const at = new Date('2026-01-02T03:04:05.678Z');
  await stores.load('shop', 'typed', [
    {
      _id: id,
      at,
      long: Long.fromString('9007199254740995'),
      decimal: Decimal128.fromString('1.10'),
      lines: [{ n: 1 }],
    },
  ]);
  const url = `http://127.0.0.1:${(texts.address() as AddressInfo).port}/`;
  service = await startService({
    stores,
    limits: { answerBytes: 20_000_000 },
    server: { timeoutMs: 20_000 },
    sources: {
      texts: { adapter: 'rest', url, timeoutMs: 20_000 },
      shop: { collections: ['products', 'users', 'typed'] },
    },
  });
});
afterAll(async () => {
  await service.close();
  await stores.close();
  texts.closeAllConnections();
  texts.close();
});
afterEach(() => stores.clearFaults());

const get = (path: string, more: object = {}) => ({ source: 'texts', op: 'get', params: { path }, ...more });
const mongo = (op: string, params: object = {}, more: object = {}) => ({
  source: 'shop',
  op,
  params: { collection: 'products', ...params },
  ...more,
});
const ask = (path: string, body: object, accept = 'text/csv'): Promise<Answer> => service.post(path, body, { accept });
const askKv = (queries: object, more: object = {}): Promise<Answer> => ask('/kv', { ...more, queries });

describe('a list of objects as text/csv', () => {
  it('is a line of names and a line per object, as an attachment', async () => {
    const answer = await askKv({ list: get('/list') }, { filename: 'Bücher.csv' });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="B?cher.csv"; filename*=UTF-8''B%C3%BCcher.csv`,
      'cache-control': 'no-store',
      'codap-complete': 'true',
      'server-timing': expect.stringContaining('texts;dur='),
    });
    expect(answer.text).toBe('sku,price,tags,note\r\nB-1,1.5,"[""a"",""b""]",\r\nB-2,,,"x, ""y"""\r\n');
    expect((await askKv({ list: get('/list') })).headers['content-disposition']).toBe('attachment; filename=codap.csv');
  });

  it('has values as JSON shows them, the types of Mongo and the digits of REST too', async () => {
    const typed = mongo('find', { collection: 'typed' });
    expect((await askKv({ typed })).text).toBe(
      '_id,at,long,decimal,lines\r\n66f0000000000000000f0001,2026-01-02T03:04:05.678Z,9007199254740995,1.10,"[{""n"":1}]"\r\n',
    );
    expect((await askKv({ digits: get('/digits') })).text).toBe('id,price\r\n9007199254740993,4503599627370497.5\r\n');
    const extended = mongo('find', { collection: 'typed', ejson: 'relaxed', projection: { _id: 1 } });
    expect((await askKv({ extended })).text).toBe('_id\r\n"{""$oid"":""66f0000000000000000f0001""}"\r\n');
  });

  it('is empty of no object', async () => {
    const answer = await askKv({ empty: get('/empty') });
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([200, '', 'text/csv; charset=utf-8']);
  });

  it.each([
    ['under ordered', '/ordered', { queries: [get('/list')] }],
    ['under first-reply', '/first-reply', { queries: [get('/list')] }],
    ['of whoever wins', '/first-reply', { take: 1, queries: [get('/nothing'), get('/list')] }],
    [
      'of whoever wins, nested',
      '/kv',
      { queries: { a: { pattern: 'first-reply', take: 1, queries: [get('/list')] } } },
    ],
    ['beside what is hidden', '/kv', { queries: { a: get('/list'), b: get('/object', { hidden: true }) } }],
    ['whatever the shape', '/kv', { shape: 'values', queries: { a: get('/list') } }],
    [
      'by a select',
      '/kv',
      { queries: { a: get('/object', { select: { hits: '/hits' }, hidden: true }), b: get('/list') } },
    ],
    [
      'although it asked to stream',
      '/kv',
      { queries: { a: mongo('find', { collection: 'typed' }, { stream: true }) } },
    ],
    [
      'by the select of a group',
      '/kv',
      { queries: { a: { pattern: 'kv', select: '/x/*', queries: { x: get('/list'), y: get('/object') } } } },
    ],
  ])('%s', async (_how, path, body) => {
    const answer = await ask(path, body);
    expect([answer.status, answer.headers['content-type']], answer.text).toEqual([200, 'text/csv; charset=utf-8']);
    expect(answer.text.split('\r\n')[0]).toMatch(/^(?:sku|_id),/);
  });

  it('may be a default, or stand beside a hidden failure: the header tells', async () => {
    const answer = await askKv({ a: get('/nothing', { default: [{ a: 1 }] }) });
    expect([answer.status, answer.headers['codap-complete'], answer.text]).toEqual([200, 'false', 'a\r\n1\r\n']);
    const beside = await askKv({ a: get('/list'), b: get('/nothing', { hidden: true }) });
    expect([beside.status, beside.headers['codap-complete']]).toEqual([200, 'false']);
  });

  it('is compressed where the client likes that', async () => {
    const answer = await askBytes(`${service.url}/kv`, { queries: { a: get('/large') } }, 'text/csv', {
      'accept-encoding': 'gzip',
    });
    expect(answer.headers['content-encoding']).toBe('gzip');
    const lines = String(gunzipSync(await answer.read())).split('\r\n');
    expect([lines.length, lines[0], lines.at(-2)]).toEqual([60_002, 'id,name,ok', '59999,name 59999,true']);
  });
});

describe('anything else', () => {
  it.each([
    ['two replies', '/kv', { queries: { a: get('/list'), b: get('/list') } }],
    ['none', '/kv', { queries: {} }],
    ['all hidden', '/kv', { queries: { a: get('/list', { hidden: true }) } }],
    ['a group', '/kv', { queries: { a: { pattern: 'ordered', queries: [get('/list')] } } }],
    ['a forEach', '/kv', { queries: { a: get('/list', { forEach: [1], select: '/0' }) } }],
    ['an object of a select', '/kv', { queries: { a: get('/list', { select: { x: '/0' } }) } }],
    ['a document', '/kv', { queries: { a: mongo('findOne') } }],
    ['a number', '/kv', { queries: { a: mongo('countDocuments') } }],
    ['a listing', '/kv', { queries: { a: { source: 'files', op: 'listObjects', params: {} } } }],
    ['two that may win, one of them no list', '/first-reply', { take: 1, queries: [get('/list'), mongo('findOne')] }],
  ])('%s is a 406 before any store is asked', async (_what, path, body) => {
    const before = await asked(stores);
    const answer = await ask(path, body);
    expect([answer.status, answer.headers['content-type']]).toEqual([406, 'application/problem+json; charset=utf-8']);
    expect(answer.json().detail).toMatch(/^text\/csv is for a batch whose one reply is a list of objects; there are: /);
    expect(await asked(stores)).toBe(before);
    const other = await ask(path, body, 'text/csv, application/json;q=0.5');
    expect([other.status, other.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
  });

  it.each([
    ['an object', get('/object'), 'the value is not a list'],
    ['a list with a number', get('/mixed'), 'the member at index 1 is not an object'],
    ['a list of texts', mongo('distinct', { key: 'sku' }), 'the member at index 0 is not an object'],
    ['half of a character', get('/half'), 'a text in it is half of a character, which UTF-8 cannot hold'],
    ['a text', { source: 'files', op: 'getObject', params: { key: 'reports/2026-03.csv' } }, 'the value is not a list'],
  ])('%s is a 406 once that is known', async (_what, query, detail) => {
    const answer = await askKv({ query });
    expect(answer.status, answer.text).toBe(406);
    expect(answer.json()).toEqual({
      status: 406,
      title: 'Not Acceptable',
      detail: `text/csv is for a batch whose one reply is a list of objects: ${detail}`,
    });
  });

  it.each([
    ['failed', get('/nothing'), 'Not Found', 404, 'NOT_FOUND'],
    ['refused', mongo('find', {}, { timeoutMs: 30 }), 'Gateway Timeout', 504, 'TIMEOUT'],
    [
      'skipped for what it refers to',
      get('/list', { when: { $result: '/other' } }),
      'Not Found',
      404,
      'DEPENDENCY_FAILED',
    ],
    ['too large as a table', get('/wide'), 'Unprocessable Content', 422, 'TOO_LARGE'],
  ])('what %s answers as a failed batch does', async (what, query, title, status, code) => {
    if (what === 'refused') await stores.addFault({ store: 'mongo', match: 'find:products', fault: { kind: 'stall' } });
    const answer = await askKv({ query, other: get('/nothing', { hidden: true }) });
    expect([answer.status, answer.headers['codap-complete']], answer.text).toEqual([status, 'false']);
    expect(answer.json()).toMatchObject({ title, code, path: '/query' });
  });

  it('a batch that fails as a whole does so', async () => {
    const answer = await askKv({ a: get('/list'), b: get('/nothing', { hidden: true, required: true }) });
    expect([answer.status, answer.json().path]).toEqual([404, '/b']);
  });
});
