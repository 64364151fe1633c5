import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../adapters/adapter.ts';
import { rest, type RestOptions } from '../../adapters/rest.ts';
import type { Body, Meta, Value } from '../../src/store/payload.ts';
import { version } from '../../src/version.ts';
import { answerOf, type RawStore, startRaw } from '../raw-store.ts';
import { CODED } from './http/coded.ts';
import { failed } from './failed.ts';
import { restOptions, run } from './rest-source.ts';

let said: string | Uint8Array = '';
let store: RawStore;
beforeAll(async () => (store = await startRaw(() => said)));
afterAll(() => store.close());

/** What one call of a source makes of these bytes. */
async function asked<T>(
  bytes: string | Uint8Array,
  ask: (source: Connection, options: RestOptions) => Promise<T>,
  own = {},
) {
  said = bytes;
  const options = restOptions({ url: store.url, methods: ['get', 'head', 'post'], ...own });
  await using source = await rest.open(options);
  return await ask(source, options);
}
const get = (bytes: string | Uint8Array, own = {}, params = {}) =>
  asked(bytes, (source, options) => run(source, options, 'get', params) as Promise<Value>, own);
const head = (bytes: string | Uint8Array, params = {}, own = {}) =>
  asked(bytes, (source, options) => run(source, options, 'head', params) as Promise<Value>, own);
const raw = (bytes: string | Uint8Array, params = {}, own = {}) =>
  asked(
    bytes,
    async (source, options) => {
      const { stream, meta } = (await run(source, options, 'get', params, { want: 'body' })) as Body;
      return { meta, bytes: await buffer(stream) };
    },
    own,
  );

const UNLESS_A = { headers: { 'if-none-match': '"a"' } };
const ranged = (range: string) => ({ headers: { range } });
/** The params that ask for what an answer with these fields holds. */
const askingFor = (fields: readonly string[]) =>
  ranged(`bytes=${/content-range: bytes (\d+-\d+)/.exec(fields.join())?.[1]}`);
const JSON_TYPE = 'content-type: application/json';
/** A body in chunks, and their end. */
const inChunks = (...pieces: (string | Uint8Array)[]) =>
  Buffer.concat(
    [...pieces, ''].flatMap((piece) => {
      const bytes = Buffer.from(piece);
      return [Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')];
    }),
  );

describe('a field that comes', () => {
  const modified = 'last-modified: Sun, 06 Nov 1994 08:49:37 GMT';
  const said: [string, string[], Partial<Meta>][] = [
    ['Content-Type twice', [JSON_TYPE, 'content-type: text/html'], { encoding: 'base64' }],
    ['Content-Type twice the same', [JSON_TYPE, JSON_TYPE], { contentType: 'application/json', encoding: 'json' }],
    ['Content-Type as a list', [`${JSON_TYPE}, text/html`], { encoding: 'base64' }],
    ['Content-Type empty', ['content-type:'], { encoding: 'base64' }],
    ['Content-Type nonsense', ['content-type: ?'], { encoding: 'base64' }],
    ['Content-Type beyond ASCII', ['content-type: \xe9/\xff'], { encoding: 'base64' }],
    ['ETag twice', [JSON_TYPE, 'etag: "a"', 'etag: "b"'], {}],
    ['ETag empty', [JSON_TYPE, 'etag:'], {}],
    ['ETag nonsense', [JSON_TYPE, 'etag: a"b'], {}],
    ['ETag beyond ASCII', [JSON_TYPE, 'etag: "\xe9"'], {}],
    ['ETag weak', [JSON_TYPE, 'etag: W/"a"'], { etag: 'W/"a"' }],
    ['Last-Modified twice', [JSON_TYPE, modified, 'last-modified: Mon, 07 Nov 1994 08:49:37 GMT'], {}],
    ['Last-Modified empty', [JSON_TYPE, 'last-modified:'], {}],
    ['Last-Modified zero', [JSON_TYPE, 'last-modified: 0'], {}],
    ['Last-Modified beyond ASCII', [JSON_TYPE, 'last-modified: \xff'], {}],
    ['Last-Modified well', [JSON_TYPE, modified], { lastModified: '1994-11-06T08:49:37.000Z' }],
    ['Content-Encoding empty', [JSON_TYPE, 'content-encoding:'], {}],
    ['Content-Encoding twice nothing', [JSON_TYPE, 'content-encoding: identity', 'content-encoding: identity'], {}],
    ['Content-Range without a part', [JSON_TYPE, 'content-range: bytes 0-0/9'], {}],
    ['Retry-After where nothing failed', [JSON_TYPE, 'retry-after: 1', 'retry-after: x'], {}],
    ['Content-Disposition twice', [JSON_TYPE, 'content-disposition: \xff', 'content-disposition: ;;'], {}],
  ];

  it.each(said)('%s is one well-formed value, or none', async (_name, fields, expected) => {
    const isJson = fields.includes(JSON_TYPE) && expected.encoding === undefined;
    const meta = {
      status: 200,
      size: 1,
      ...(isJson && { contentType: 'application/json', encoding: 'json' }),
      ...expected,
    };
    const gathered = await get(answerOf(fields, '1'));
    expect(gathered.meta).toEqual(meta);
    expect(gathered.json).toBe(meta.encoding === 'json' ? '1' : '"MQ=="');
    const { encoding: _encoding, ...told } = meta;
    expect((await head(answerOf(fields, ''))).meta).toEqual({ ...told, size: 0 });
    const passed = await raw(answerOf(fields, '1'));
    expect(passed).toEqual({ meta: { ...told, length: 1 }, bytes: Buffer.from('1') });
  });

  it.each([
    ['bytes 0-0/9', 9],
    ['bytes 0-0/*', undefined],
  ])('Content-Range %j, where a range was asked for, makes the size %s', async (range, size) => {
    const bytes = answerOf([`content-range: ${range}`], '1', '206 Partial Content');
    expect((await get(bytes, {}, ranged('bytes=0-0'))).meta?.size).toBe(size);
    expect((await raw(bytes, ranged('bytes=0-0'))).bytes).toHaveLength(1);
  });

  it.each([
    [['retry-after: 1.5'], 1500],
    [['retry-after: -3'], undefined],
    [['retry-after:'], undefined],
    [['retry-after: 1', 'retry-after: 9'], undefined],
    [['retry-after: 2', 'retry-after: 2'], 2000],
    [['retry-after: 2', 'retry-after: 2 \t'], 2000],
    [['retry-after: \xff'], undefined],
  ])('%j says how long to wait: %s', async (fields, retryAfterMs) => {
    const bytes = answerOf(fields, '', '503 Service Unavailable');
    for (const ask of [get, raw, head]) {
      const error = await failed(ask(bytes));
      expect(error).toMatchObject({ code: 'UNAVAILABLE', status: 503 });
      expect(error.retryAfterMs).toBe(retryAfterMs);
    }
  });
});

describe('a coded answer', () => {
  it.each(CODED)('$name', async ({ coding, bytes, text }) => {
    const answer = answerOf(['content-type: text/plain', `content-encoding: ${coding}`], bytes);
    if (text === undefined) {
      for (const ask of [get, raw])
        expect(await failed(ask(answer))).toMatchObject({ code: 'BAD_RESPONSE', retryable: false });
      return;
    }
    expect((await get(answer)).value).toBe(text);
    expect(String((await raw(answer)).bytes)).toBe(text);
  });

  it.each(['gzip', 'deflate', 'br', 'zstd', 'utf-8', 'gzip, base64'])(
    'of nothing is nothing, in %s too',
    async (coding) => {
      const fields = [`content-encoding: ${coding}`];
      const chunked = answerOf([...fields, 'transfer-encoding: chunked'], '0\r\n\r\n');
      for (const bytes of [
        answerOf(fields, '', '204 No Content'),
        answerOf(fields, '', '304 Not Modified'),
        answerOf([...fields, 'content-length: 999', 'etag: "a"'], '', '304 Not Modified'),
        answerOf(fields),
        chunked,
      ]) {
        expect((await get(bytes, {}, UNLESS_A)).json).toBe('null');
        expect((await raw(bytes, UNLESS_A)).bytes).toHaveLength(0);
      }
      expect((await get(answerOf([...fields, 'content-type: text/plain']))).json).toBe('""');
      expect((await head(answerOf([...fields, 'content-length: 999']))).json).toBe('null');
    },
  );

  it('of an unknown coding is passed on as it came, and cannot be gathered', async () => {
    for (const coding of ['utf-8', 'base64', 'gzip, utf-8', 'a, b, c, d']) {
      const answer = answerOf([JSON_TYPE, `content-encoding: ${coding}`], 'WzFd');
      expect(await raw(answer)).toEqual({
        meta: { status: 200, contentType: 'application/json', size: 4, length: 4 },
        bytes: Buffer.from('WzFd'),
      });
      expect(await failed(get(answer))).toMatchObject({
        code: 'BAD_RESPONSE',
        retryable: false,
        message: expect.stringContaining('raw bytes and archives'),
      });
    }
  });

  it('in part is passed on as it came', async () => {
    const part = gzipSync('[1]').subarray(3, 9);
    const fields = ['content-encoding: gzip', 'content-range: bytes 3-8/23'];
    const { meta, bytes } = await raw(answerOf(fields, part, '206 Partial Content'), askingFor(fields));
    expect(bytes).toEqual(part);
    expect(meta).toMatchObject({ size: 23, length: 6, contentRange: 'bytes 3-8/23' });
  });

  it.each([[['content-length: 23']], [['transfer-encoding: chunked']]])(
    'that is told as a part of all there is, is decoded as any other: %s',
    async (framing) => {
      const coded = gzipSync('[1]');
      const fields = [...framing, JSON_TYPE, 'content-encoding: gzip', 'content-range: bytes 0-22/23'];
      const body = framing[0]!.includes('chunked') ? inChunks(coded) : coded;
      const answer = answerOf(fields, body, '206 Partial Content');
      for (const params of [{}, ranged('bytes=0-')]) {
        expect((await get(answer, {}, params)).json).toBe('[1]');
        const { meta, bytes } = await raw(answer, params);
        expect(String(bytes)).toBe('[1]');
        expect(meta).toMatchObject({ status: 200, contentType: 'application/json' });
        expect(meta).not.toHaveProperty('contentRange');
        expect(meta).not.toHaveProperty('length');
      }
    },
  );
});

describe('a part that was asked for', () => {
  const UTF8 = 'content-type: text/plain';
  const ü = Buffer.from('ü');
  const MARKED = Buffer.from('\ufeffa');
  it.each<[string, string[], Uint8Array | string, string, unknown]>([
    ['of JSON is text', [JSON_TYPE, 'content-range: bytes 0-3/9'], '[1,2', 'text', '[1,2'],
    ['of JSON whose size is not told is text', [JSON_TYPE, 'content-range: bytes 0-2/*'], '[1]', 'text', '[1]'],
    ['that is all of JSON is JSON', [JSON_TYPE, 'content-range: bytes 0-2/3'], '[1]', 'json', [1]],
    ['of a text is text', [UTF8, 'content-range: bytes 1-2/9'], ü, 'text', 'ü'],
    ['at the beginning has no mark', [UTF8, 'content-range: bytes 0-3/9'], MARKED, 'text', 'a'],
    ['within a text has U+FEFF as a character', [UTF8, 'content-range: bytes 1-4/9'], MARKED, 'text', '\ufeffa'],
    ['of nobody knows where, too', [UTF8], MARKED, 'text', '\ufeffa'],
    ['that is cut in a character is base64', [UTF8, 'content-range: bytes 1-1/9'], ü.subarray(0, 1), 'base64', 'ww=='],
    [
      'of a coded body is base64',
      [JSON_TYPE, 'content-encoding: gzip', 'content-range: bytes 0-1/9'],
      Buffer.from('hi'),
      'base64',
      'aGk=',
    ],
    [
      'that is all of a coded body is decoded',
      [JSON_TYPE, 'content-encoding: gzip', 'content-range: bytes 0-22/23'],
      gzipSync('[1]'),
      'json',
      [1],
    ],
  ])('%s', async (_name, fields, bytes, encoding, value) => {
    const part = await get(answerOf(fields, bytes, '206 Partial Content'), {}, askingFor(fields));
    expect(part).toMatchObject({ value, meta: { status: 206, encoding } });
  });
});

describe('a 304', () => {
  const bytes = answerOf(['etag: "b"'], '', '304 Not Modified');
  it.each<[string, object, object]>([
    ['by entity tag', UNLESS_A, {}],
    ['by date', { headers: { 'if-modified-since': 'Sun, 06 Nov 1994 08:49:37 GMT' } }, {}],
    ['by the configuration', {}, { headers: { 'if-none-match': '"a"' } }],
  ])('that was asked for %s is null', async (_how, params, own) => {
    const answer = await get(bytes, own, params);
    expect(answer).toMatchObject({ json: 'null', meta: { status: 304, etag: '"b"' } });
  });

  it.each([{}, { headers: { 'if-match': '"a"' } }, { headers: { range: 'bytes=0-9', 'if-range': '"a"' } }])(
    'to %j, which says not what is there already, is BAD_RESPONSE',
    async (params) => {
      const own = { requestHeaders: ['if-match', 'if-range', 'range'] };
      for (const ask of [get(bytes, own, params), raw(bytes, params, own), head(bytes, params, own)])
        expect(await failed(ask)).toMatchObject({ code: 'BAD_RESPONSE', status: 304, retryable: false });
    },
  );
});

describe('a 206 in other units than bytes', () => {
  const LIST = '[{"id":1},{"id":2}]';
  it.each<[string | undefined, string]>([
    [undefined, '0-24/573'],
    [undefined, '0-1/*'],
    [undefined, 'items 0-1/573'],
    [undefined, '*/0'],
    ['0-1', '0-1/573'],
    ['items=0-1', 'items 0-1/*'],
  ])('to %s that says %s is read by its type, and meta tells', async (range, told) => {
    const answer = answerOf([JSON_TYPE, `content-range: ${told}`], LIST, '206 Partial Content');
    const params = range === undefined ? {} : ranged(range);
    const { value, meta } = await get(answer, { responseHeaders: ['content-range'] }, params);
    expect(value).toEqual([{ id: 1 }, { id: 2 }]);
    expect(meta).toMatchObject({ status: 206, encoding: 'json', headers: { 'content-range': told } });
    const flowing = await raw(answer, params);
    expect(String(flowing.bytes)).toBe(LIST);
    expect(flowing.meta).toMatchObject({ status: 206, contentRange: told, length: LIST.length });
    const coded = answerOf([JSON_TYPE, `content-range: ${told}`, 'content-encoding: gzip'], gzipSync(LIST), '206 Part');
    expect((await get(coded, {}, params)).value).toEqual(value);
    const decoded = await raw(coded, params);
    expect(String(decoded.bytes)).toBe(LIST);
    expect(decoded.meta).toMatchObject({ status: 206, contentRange: told });
    expect(decoded.meta).not.toHaveProperty('length');
  });

  it.each([
    [undefined, 'bytes 0-1/573'],
    [undefined, 'bytes items 0-1/573'],
    [undefined, '0-24'],
    [undefined, 'items'],
    ['bytes=0-1', '0-1/573'],
    ['bytes=0-1', 'items 0-1/573'],
  ])('to %s that says %s is BAD_RESPONSE', async (range, told) => {
    const answer = answerOf([JSON_TYPE, `content-range: ${told}`], LIST, '206 Partial Content');
    const params = range === undefined ? {} : ranged(range);
    for (const ask of [get(answer, {}, params), raw(answer, params)])
      expect(await failed(ask)).toMatchObject({ code: 'BAD_RESPONSE', status: 206 });
  });
});

describe('a 206', () => {
  const TEN = '0123456789';
  const answered = (range: string | undefined, body: string | Uint8Array, framing: readonly string[] = []) => {
    const told = range === undefined ? [] : [`content-range: ${range}`];
    const bytes = answerOf([...framing, 'content-type: text/plain', ...told], body, '206 Partial Content');
    return framing === CLOSED
      ? Buffer.from(bytes.toString('latin1').replace(/^content-length: .*\r\n/m, ''), 'latin1')
      : bytes;
  };
  const params = (range: string | undefined) => (range === undefined ? {} : ranged(range));
  const CHUNKED = ['transfer-encoding: chunked'];
  /** No length is told: the end of the connection is the body's. */
  const CLOSED: string[] = [];

  it.each([
    [undefined, 'bytes 0-9/10'],
    ['bytes=0-9', 'bytes 0-9/10'],
    ['bytes=0-9', 'bytes 0-9/*'],
    ['Bytes=0-9', 'bytes 0-9/100'],
    ['bytes=0-', 'bytes 0-9/10'],
    ['bytes=50-', 'bytes 50-59/60'],
    ['bytes=50-', 'bytes 50-59/*'],
    ['bytes=-10', 'bytes 50-59/*'],
    ['bytes=-99', 'bytes 0-9/*'],
    ['bytes=50-99', 'bytes 50-59/60'],
    ['bytes=-10', 'bytes 50-59/60'],
    ['bytes=-99', 'bytes 0-9/10'],
    ['bytes=0-1,5-6', undefined],
    ['bytes=0-4,5-9', 'bytes 0-9/10'],
    ['items=0-9', 'items 0-9/10'],
  ])('to %s that says %s is taken, however it is framed', async (asked, told) => {
    for (const [body, framing] of [
      [TEN, undefined],
      [inChunks(TEN), CHUNKED],
      [TEN, CLOSED],
    ] as const) {
      const answer = answered(told, body, framing);
      expect((await get(answer, {}, params(asked))).value).toBe(TEN);
      expect(String((await raw(answer, params(asked))).bytes)).toBe(TEN);
    }
  });

  it.each([
    [undefined, undefined],
    [undefined, 'bytes 0-9/100'],
    [undefined, 'bytes 0-9/*'],
    [undefined, 'bytes 1-10/11'],
    ['bytes=0-9', undefined],
    ['bytes=0-9', ''],
    ['bytes=0-9', 'lines 0-9/10'],
    ['bytes=0-9', 'bytes 9-0/10'],
    ['bytes=0-9', 'bytes 0-9/9'],
    ['bytes=50-59', 'bytes 0-9/100'],
    ['bytes=0-99', 'bytes 0-9/100'],
    ['bytes=0-99', 'bytes 0-9/*'],
    ['bytes=0-4', 'bytes 0-9/100'],
    ['bytes=0-', 'bytes 0-9/100'],
    ['bytes=-10', 'bytes 0-9/100'],
    ['bytes=50-', 'bytes 0-9/*'],
    ['bytes=-9', 'bytes 0-9/*'],
  ])('to %s that says %s is BAD_RESPONSE', async (asked, told) => {
    for (const ask of [get(answered(told, TEN), {}, params(asked)), raw(answered(told, TEN), params(asked))])
      expect(await failed(ask)).toMatchObject({ code: 'BAD_RESPONSE', status: 206, retryable: false });
  });

  it.each<[string, string | undefined, string, string | Uint8Array, string[], string]>([
    ['told as short', undefined, 'bytes 0-9/10', '01234', [], 'BAD_RESPONSE'],
    ['told as short, which was asked for', 'bytes=50-59', 'bytes 50-59/100', '01234', [], 'BAD_RESPONSE'],
    ['told as long', 'bytes=50-59', 'bytes 50-59/100', `${TEN}0`, [], 'BAD_RESPONSE'],
    ['told as short, of several', 'bytes=0-1,5-9', 'bytes 0-9/100', '01234', [], 'BAD_RESPONSE'],
    ['in fewer chunks', undefined, 'bytes 0-9/10', inChunks('01234'), CHUNKED, 'UNAVAILABLE'],
    ['in more chunks', 'bytes=50-59', 'bytes 50-59/100', inChunks(TEN, '0'), CHUNKED, 'BAD_RESPONSE'],
    ['of fewer bytes', 'bytes=50-59', 'bytes 50-59/100', '01234', CLOSED, 'UNAVAILABLE'],
    ['of more bytes', undefined, 'bytes 0-9/10', `${TEN}0`, CLOSED, 'BAD_RESPONSE'],
    [
      'of fewer bytes than were coded',
      undefined,
      `bytes 0-99/100`,
      inChunks(gzipSync('[1]')),
      [...CHUNKED, 'content-encoding: gzip'],
      'UNAVAILABLE',
    ],
  ])('%s than it says fails', async (_name, asked, told, body, framing, code) => {
    const answer = answered(told, body, framing);
    for (const ask of [get(answer, {}, params(asked)), raw(answer, params(asked))])
      expect(await failed(ask)).toMatchObject({ code });
  });
});

it('a body that is told to be longer than maxBytes is TOO_LARGE before any of it has come', async () => {
  expect(await failed(get(answerOf(['content-length: 10000000000'])))).toMatchObject({ code: 'TOO_LARGE' });
});

describe('JSON of nothing', () => {
  it('is null, of no bytes', async () => {
    for (const type of [JSON_TYPE, 'content-type: application/problem+json; charset=utf-8']) {
      const { json, value, meta } = await get(answerOf([type]));
      expect([json, value, meta?.size]).toEqual(['null', null, 0]);
    }
  });

  it('is not white space, nor a byte order mark', async () => {
    for (const body of [' ', '\r\n\t', '\uFEFF'])
      expect(await failed(get(answerOf([JSON_TYPE], body)))).toMatchObject({ code: 'BAD_RESPONSE' });
  });
});

describe('what is not HTTP as it should be', () => {
  const OK = 'HTTP/1.1 200 OK\r\n';
  const CHUNKED = 'transfer-encoding: chunked\r\n';
  it.each([
    ['a length that comes twice', `${OK}content-length: 2\r\ncontent-length: 2\r\n\r\nhi`],
    ['two lengths', `${OK}content-length: 2\r\ncontent-length: 3\r\n\r\nhi!`],
    ['a list of lengths', `${OK}content-length: 2, 2\r\n\r\nhi`],
    ['an empty length', `${OK}content-length:\r\n\r\nhi`],
    ['a negative length', `${OK}content-length: -1\r\n\r\nhi`],
    ['a length of letters', `${OK}content-length: two\r\n\r\nhi`],
    ['a length beyond all measure', `${OK}content-length: 99999999999999999999999\r\n\r\nhi`],
    ['a length beside chunks', `${OK}content-length: 2\r\n${CHUNKED}\r\n2\r\nhi\r\n0\r\n\r\n`],
    ['chunks beside a length', `${OK}${CHUNKED}content-length: 2\r\n\r\n2\r\nhi\r\n0\r\n\r\n`],
    ['chunks that come twice', `${OK}${CHUNKED}${CHUNKED}\r\n2\r\nhi\r\n0\r\n\r\n`],
    ['chunks twice in one', `${OK}transfer-encoding: chunked, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n`],
    ['an empty transfer encoding', `${OK}transfer-encoding:\r\n\r\nhi`],
    ['an empty transfer encoding beside a length', `${OK}transfer-encoding:\r\ncontent-length: 2\r\n\r\nhi`],
    ['an unknown transfer encoding', `${OK}transfer-encoding: foo\r\n\r\nhi`],
    ['a compressed transfer', `${OK}transfer-encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n`],
    ['a chunk size of letters', `${OK}${CHUNKED}\r\nzz\r\nhi\r\n0\r\n\r\n`],
    ['a later chunk size of letters', `${OK}${CHUNKED}\r\n2\r\nhi\r\nzz\r\n`],
    ['a field name with a space', `${OK}bad name: x\r\ncontent-length: 0\r\n\r\n`],
    ['a field without a name', `${OK}: x\r\ncontent-length: 0\r\n\r\n`],
    ['a field without a colon', `${OK}field\r\ncontent-length: 0\r\n\r\n`],
    ['a control character in a field', `${OK}content-type: a\x01b\r\ncontent-length: 0\r\n\r\n`],
    ['NUL in a field', `${OK}etag: "\0"\r\ncontent-length: 0\r\n\r\n`],
    ['DEL in a field', `${OK}etag: "\x7f"\r\ncontent-length: 0\r\n\r\n`],
    ['a status of letters', 'HTTP/1.1 2x0 OK\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a status below 100', 'HTTP/1.1 099 OK\r\ncontent-length: 0\r\n\r\n'],
    ['an unknown version', 'HTTP/3.7 200 OK\r\ncontent-length: 0\r\n\r\n'],
    ['a body alone', '<html>hello</html>'],
    ['an upgrade nobody asked for', 'HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
  ])('%s is BAD_RESPONSE', async (_name, bytes) => {
    for (const ask of [get, raw])
      expect(await failed(ask(bytes))).toMatchObject({ code: 'BAD_RESPONSE', retryable: false });
  });

  it.each([
    ['before it began', ''],
    ['in its first line', 'HTTP/1.1 20'],
    ['in its head', `${OK}content-le`],
    ['in its body', `${OK}content-length: 10\r\n\r\nhi`],
    ['in its body, the connection to be closed', `${OK}connection: close\r\ncontent-length: 10\r\n\r\nhi`],
    ['in a chunk', `${OK}${CHUNKED}\r\n5\r\nhi`],
    ['in a chunk, the connection to be closed', `${OK}connection: close\r\n${CHUNKED}\r\n5\r\nhi`],
    ['before its last chunk, the connection to be closed', `${OK}connection: close\r\n${CHUNKED}\r\n2\r\nhi\r\n`],
  ])('an answer that is cut %s is UNAVAILABLE', async (_name, bytes) => {
    for (const ask of [get, raw])
      expect(await failed(ask(bytes))).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
  });
});

describe('the header fields of an answer', () => {
  it('may have as many bytes as maxHeaderBytes says', async () => {
    const answer = answerOf([`x: ${'a'.repeat(20_000)}`]);
    expect(await failed(get(answer))).toMatchObject({
      code: 'BAD_RESPONSE',
      retryable: false,
      message: expect.stringContaining('maxHeaderBytes'),
    });
    expect((await get(answer, { maxHeaderBytes: 32_768 })).json).toBe('null');
    expect(await failed(get(answerOf([`x: ${'a'.repeat(2000)}`]), { maxHeaderBytes: 1024 }))).toMatchObject({
      code: 'BAD_RESPONSE',
    });
  });

  it('stand in meta.headers where responseHeaders names them, repeated ones as a list', async () => {
    const answer = answerOf(['Link: <a>', 'link: <b>', 'X-Total-Count: 7', 'x-empty:', 'x-other: no', '__proto__: p']);
    const responseHeaders = ['X-Total-Count', 'link', 'x-empty', 'x-missing', '__proto__'];
    const { meta } = await get(answer, { responseHeaders });
    expect(JSON.stringify(meta?.headers)).toBe(
      '{"x-total-count":"7","link":["<a>","<b>"],"x-empty":"","__proto__":"p"}',
    );
    expect((await get(answer)).meta).not.toHaveProperty('headers');
  });
});

describe('a request tells who asks', () => {
  const agent = async (own: object, headers: object = {}, caller: object = {}) => {
    await asked(
      answerOf([]),
      (source, options) =>
        run(source, options, 'get', { headers }, { caller: { headers: caller as Record<string, string> } }),
      own,
    );
    return /^user-agent: (.*)$/im.exec(store.heads.at(-1) as string)?.[1]?.trim();
  };

  it('by codap and its version, or as userAgent says', async () => {
    expect(await agent({})).toBe(`codap/${version()}`);
    expect(await agent({ userAgent: 'shop/7' })).toBe('shop/7');
    await asked(answerOf([]), (source) => source.ping(AbortSignal.timeout(5000)), { userAgent: 'shop/7' });
    expect(store.heads.at(-1)).toMatch(/^HEAD [^]*^user-agent: shop\/7\r$/im);
  });

  it('unless the query, over it the caller, over both the configured headers name another', async () => {
    const own = { userAgent: 'shop/7', requestHeaders: ['user-agent'] };
    expect(await agent(own, { 'User-Agent': 'query' })).toBe('query');
    const forwarding = { ...own, forwardHeaders: ['user-agent'] };
    expect(await agent(forwarding, { 'user-agent': 'query' }, { 'user-agent': 'caller' })).toBe('caller');
    const fixed = { ...forwarding, headers: { 'User-Agent': 'fixed' } };
    expect(await agent(fixed, { 'user-agent': 'query' }, { 'user-agent': 'caller' })).toBe('fixed');
  });
});
