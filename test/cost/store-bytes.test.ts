import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gzipSync } from 'node:zlib';
import { CODED } from '../adapters/http/coded.ts';
import { unpack } from '../encodings/unpack.ts';
import { answerOf, type RawStore, startRaw } from '../raw-store.ts';
import { type Service, startService } from '../service.ts';
import { askBytes, incomplete } from '../endpoints/bytes.ts';

const JSON_TYPE = 'content-type: application/json';
const TEXT_TYPE = 'content-type: text/plain';
const GOOD = answerOf([JSON_TYPE, 'etag: "good"'], '{"a":1}');

/** What the store answers on a path. */
const answers = new Map<string, Buffer>([['/good', GOOD]]);
let store: RawStore;
let service: Service;
beforeAll(async () => {
  store = await startRaw(
    (path) => answers.get(path.replace(/^\/objects|\?.*$/g, '')) ?? answerOf([], '', '404 Not Found'),
  );
  service = await startService({
    sources: {
      raw: { adapter: 'rest', url: store.url, responseHeaders: ['link', 'x-total-count'] },
      kept: { adapter: 'rest', url: store.url, cache: { ttlMs: 60_000 } },
      objects: {
        adapter: 's3',
        endpoint: store.url.slice(0, -1),
        bucket: 'objects',
        forcePathStyle: true,
        accessKeyId: 'id',
        secretAccessKey: 'key',
      },
    },
  });
});
afterAll(async () => {
  await service.close();
  await store.close();
});

let count = 0;
/** A query that these bytes answer. */
function answered(bytes: Buffer, params = {}) {
  const path = `bytes-${(count += 1)}`;
  answers.set(`/${path}`, bytes);
  return { source: 'raw', op: 'get', params: { path, ...params } };
}
/** Asks for what is not the one with this tag. */
const UNLESS_A = { headers: { 'if-none-match': '"a"' } };
const good = { source: 'raw', op: 'get', params: { path: 'good' } };
const object = ({ params: { path } }: ReturnType<typeof answered>, more = {}) => ({
  source: 'objects',
  op: 'getObject',
  params: { key: path, ...more },
});

async function archive(type: 'zip' | 'x-tar', queries: object) {
  const answer = await askBytes(`${service.url}/kv`, { queries }, `application/${type}`);
  return unpack(type === 'zip' ? 'unzip' : 'tar', await answer.read());
}
async function raw(query: object) {
  const answer = await askBytes(`${service.url}/kv`, { queries: { it: query } }, 'application/octet-stream');
  return { ...answer, bytes: await answer.read() };
}

describe('a field of a store that comes', () => {
  const second: Record<string, string[]> = {
    'content-type': ['application/json', 'text/html'],
    'content-encoding': ['identity', 'identity'],
    etag: ['"a"', '"b"'],
    'last-modified': ['Sun, 06 Nov 1994 08:49:37 GMT', 'Mon, 07 Nov 1994 08:49:37 GMT'],
    'content-range': ['bytes 0-0/1', 'bytes 0-0/2'],
    'retry-after': ['1', '2'],
    'content-disposition': ['attachment', 'inline'],
    link: ['<a>', '<b>'],
  };
  const fields = Object.entries(second).flatMap(([name, values]) => [
    [`${name} twice`, values.map((value) => `${name}: ${value}`)] as const,
    [`${name} empty`, [`${name}:`]] as const,
    [`${name} nonsense`, [`${name}: ,;= "`]] as const,
    [`${name} beyond ASCII`, [`${name}: \x80\xff`]] as const,
    [`${name} with a tab`, [`${name}: a\tb`]] as const,
  ]);

  it.each(fields)('%s costs nobody an answer', async (name, lines) => {
    const odd = answered(answerOf(lines, '[1]'));
    const gathered = await service.kv({
      odd,
      good,
      filled: { source: 'raw', op: 'get', params: { path: 'good', query: { odd: { $result: '/odd' } } } },
    });
    expect(gathered.results.good).toMatchObject({ status: 'ok', value: { a: 1 } });
    // A coding that codap does not know is the one thing that keeps a body from being read.
    const unread = /^content-encoding (?:nonsense|beyond|with)/.test(name);
    expect(gathered.results.odd.status).toBe(unread ? 'error' : 'ok');
    expect(gathered.results.filled.status).toBe(unread ? 'skipped' : 'ok');
    for (const [key, value] of Object.entries(gathered.results.odd.meta ?? {}))
      if (key !== 'headers') expect(typeof value).toMatch(/^(?:string|number)$/);
    const asBytes = await raw(odd);
    expect([asBytes.status, String(asBytes.bytes)]).toEqual([200, '[1]']);
    expect(asBytes.headers).not.toHaveProperty('content-encoding');
    for (const type of ['zip', 'x-tar'] as const) {
      const files = await archive(type, { odd: { ...odd, as: 'odd' }, good: { ...good, as: 'good' } });
      expect(Object.fromEntries([...files].map(([file, bytes]) => [file, String(bytes)]))).toEqual({
        odd: '[1]',
        good: '{"a":1}',
      });
    }
  });

  it('is shown in meta.headers where the source says so', async () => {
    const query = answered(answerOf([JSON_TYPE, 'link: <a>', 'link: <b>', 'x-total-count: 2'], '[]'));
    const { results } = await service.kv({ query });
    expect(results.query.meta.headers).toEqual({ link: ['<a>', '<b>'], 'x-total-count': '2' });
  });
});

describe('white space after the value of a field', () => {
  const BODY = '{"a":1}';
  /** What codap tells of an answer with these fields, on every path. */
  async function told(lines: string[], body: string | Buffer, status?: string) {
    const query = answered(answerOf(lines, body, status));
    const { results } = await service.kv({ rest: query, s3: object(query) });
    for (const reply of [results.rest, results.s3]) delete reply.ms;
    const passed = await Promise.all([query, object(query)].map(raw));
    const names = ['content-type', 'content-length', 'etag', 'last-modified'];
    return {
      ...results,
      passed: passed.map(({ status, bytes, headers }) => ({ status, bytes, told: names.map((name) => headers[name]) })),
    };
  }

  it.each<[string, string[], string | Buffer, string?]>([
    ['what a body is', [JSON_TYPE, 'etag: "a"', 'last-modified: Sun, 06 Nov 1994 08:49:37 GMT', 'link: <a>'], BODY],
    ['how it is coded', [JSON_TYPE, 'content-encoding: gzip'], gzipSync(BODY)],
    ['which part it is', [JSON_TYPE, 'content-range: bytes 0-6/7'], BODY, '206 Partial Content'],
    ['nothing', [JSON_TYPE, 'etag:', 'x-total-count:'], BODY],
  ])('that says %s is no part of it', async (_what, fields, body, status) => {
    const bare = await told(fields, body, status);
    const ok = { status: 'ok', value: { a: 1 } };
    expect(bare).toMatchObject({ rest: ok, s3: ok });
    for (const { status } of bare.passed) expect(status).toBeLessThan(300);
    const spaced = fields.map((field) => `${field} \t `);
    expect(await told(spaced, body, status)).toEqual(bare);
  });

  // undici does not know them any more.
  it.each([' ', '\t'])('that says %j after chunks has no chunks be taken for the body', async (blank) => {
    const framing = `transfer-encoding: chunked${blank}`;
    const { rest, s3, passed } = await told([JSON_TYPE, framing], `7\r\n${BODY}\r\n0\r\n\r\n`);
    expect(rest).toMatchObject({ status: 'ok', value: { a: 1 } });
    expect(s3).toMatchObject({ status: 'error', error: { code: 'BAD_RESPONSE' } });
    for (const { status, bytes } of passed)
      expect({ status, code: JSON.parse(String(bytes)).code }).toEqual({ status: 502, code: 'BAD_RESPONSE' });
  });
});

describe('a coded body, on every path', () => {
  const bodies = CODED.map((it) => [it.name, it] as const);

  it.each(bodies)('%s', async (_name, { coding, bytes, text }) => {
    const lines = [TEXT_TYPE, `content-encoding: ${coding}`];
    const query = answered(answerOf(lines, bytes));
    const { results } = await service.kv({
      rest: query,
      s3: object(query),
      stored: object(query, { format: 'base64' }),
      picked: { ...query, select: { it: '' } },
      joined: { source: 'raw', op: 'get', params: { path: 'good', query: { it: { $result: '/rest' } } } },
      good,
    });
    expect(results.good.status).toBe('ok');
    expect(results.stored.value).toBe(bytes.toString('base64'));
    for (const reply of [results.rest, results.s3, results.picked]) {
      if (text === undefined) expect(reply).toMatchObject({ status: 'error', error: { code: 'BAD_RESPONSE' } });
      else expect(reply.status).toBe('ok');
    }
    if (text !== undefined)
      expect([results.rest.value, results.s3.value, results.picked.value]).toEqual([text, text, { it: text }]);
    expect(results.joined.status).toBe(text === undefined ? 'skipped' : 'ok');
    const files = await archive('zip', { it: { ...query, as: 'it' }, s3: { ...object(query), as: 's3' } });
    if (text === undefined) expect(incomplete(files).errors).toMatchObject([{ error: { code: 'BAD_RESPONSE' } }]);
    else expect(String(files.get('it'))).toBe(text);
    // What an object store keeps coded is passed on as it is stored.
    expect(files.get('s3')).toEqual(bytes);
  });
});

describe('a body in an unknown coding', () => {
  it.each(['utf-8', 'base64', 'gzip, utf-8'])('%s is passed on as it came, by its own name', async (coding) => {
    const query = answered(answerOf([JSON_TYPE, `content-encoding: ${coding}`], 'WzFd'));
    for (const one of [query, object(query)]) {
      const { results } = await service.kv({ it: one, good });
      expect(results.it).toMatchObject({ status: 'error', error: { code: 'BAD_RESPONSE', retryable: false } });
      expect(results.good.status).toBe('ok');
      const bytes = await raw(one);
      expect(bytes.headers).toMatchObject({ 'content-type': 'application/json', 'content-length': '4' });
      expect(bytes.headers).not.toHaveProperty('content-encoding');
      expect(String(bytes.bytes)).toBe('WzFd');
      for (const type of ['zip', 'x-tar'] as const)
        expect(String((await archive(type, { it: one })).get('it.json'))).toBe('WzFd');
    }
    const { results } = await service.kv({ it: object(query, { format: 'base64' }) });
    expect(results.it.value).toBe(Buffer.from('WzFd').toString('base64'));
  });
});

describe('in an archive', () => {
  const text = (charset: string, ...bytes: number[]) => [`text/plain${charset}`, Buffer.from(bytes)] as const;
  const bodies: Record<string, readonly [string, Uint8Array]> = {
    text: ['text/plain', Buffer.from('café \u0000\n')],
    'a large text': ['text/plain', Buffer.from('é'.repeat(60_000))],
    'a text behind a byte order mark': ['text/csv', Buffer.from('\uFEFFa,b\r\n')],
    'a text of another charset': text('; charset=iso-8859-1', 0x63, 0x61, 0x66, 0xe9),
    'ASCII of another charset': text('; charset=us-ascii', 0x61, 0x7e, 0x5c),
    'a text of wide characters': text('; charset=utf-16le', 0xff, 0xfe, 0x61, 0, 0x62, 0),
    // As UTF-8 it is as long.
    'a text with shifts': text('; charset=iso-2022-jp', ...Buffer.from(`\u001b$B${'$"'.repeat(6)}\u001b(B`)),
    'a picture': ['image/png', Buffer.from([0x89, 0x50, 0x4e, 0x47])],
    JSON: ['application/json', Buffer.from('{ "a": 1.0 }\n')],
    'JSON behind a byte order mark': ['application/ld+json', Buffer.from('\uFEFF[1]')],
    'no JSON at all': ['application/json', Buffer.alloc(0)],
    'nothing without a type': ['', Buffer.alloc(0)],
  };

  it.each(Object.entries(bodies))(
    '%s is the stored bytes, also where something looks at it',
    async (_, [type, bytes]) => {
      const query = answered(answerOf(type === '' ? [] : [`content-type: ${type}`], bytes));
      const looked = { source: 'raw', op: 'get', params: { path: 'good', query: { it: { $result: '/text' } } } };
      for (const body of [query, object(query), { ...query, source: 'kept' }, { ...query, source: 'kept' }]) {
        const files = await archive('zip', { body, text: body, looked });
        const [whole, of] = ['body', 'text'].map((start) =>
          [...files].filter(([name]) => name.startsWith(`${start}.`)),
        );
        expect(whole).toEqual([[expect.any(String), Buffer.from(bytes)]]);
        expect(of).toEqual(whole!.map(([name, content]) => [name.replace('body', 'text'), content]));
      }
    },
  );

  it.each([
    [{ $item: '' }, '"Ada"'],
    [{ data: '' }, '{"data":"AQIDBA=="}'],
    ['', '"AQIDBA=="'],
    ['/none', 'null'],
  ])('what select makes of a body is JSON: %j', async (select, json) => {
    const query = answered(answerOf(['content-type: image/png'], Buffer.from([1, 2, 3, 4])));
    const files = await archive('zip', { it: { forEach: ['Ada'], ...query, select } });
    expect([...files].map(([name, content]) => [name, String(content)])).toEqual([['it/0.json', json]]);
  });
});

describe('nothing', () => {
  it('is null where it is JSON, of REST and S3, and no bytes elsewhere', async () => {
    for (const lines of [[JSON_TYPE], [JSON_TYPE, 'content-encoding: gzip'], [JSON_TYPE, 'content-encoding: zstd']]) {
      const query = answered(answerOf(lines));
      const { results } = await service.kv({ rest: query, s3: object(query), json: object(query, { format: 'json' }) });
      for (const name of ['rest', 's3', 'json'])
        expect(results[name]).toMatchObject({ status: 'ok', value: null, meta: { size: 0 } });
      expect((await raw(query)).bytes).toHaveLength(0);
      expect((await archive('zip', { it: query })).get('it.json')).toHaveLength(0);
    }
    const blank = answered(answerOf([JSON_TYPE], ' \n'));
    const { results } = await service.kv({ rest: blank, s3: object(blank) });
    for (const name of ['rest', 's3']) expect(results[name]).toMatchObject({ error: { code: 'BAD_RESPONSE' } });
  });

  it('is what a conditional read answers where nothing has changed, whatever coding it names', async () => {
    for (const coding of ['gzip', 'br', 'utf-8']) {
      const bytes = answerOf([`content-encoding: ${coding}`, 'etag: "a"'], '', '304 Not Modified');
      const query = answered(bytes, UNLESS_A);
      const { results } = await service.kv({ rest: query, s3: object(query, { ifNoneMatch: '"a"' }) });
      for (const name of ['rest', 's3'])
        expect(results[name]).toMatchObject({ status: 'ok', value: null, meta: { status: 304, etag: '"a"' } });
      expect((await raw(query)).status).toBe(304);
    }
  });
});

it('a 304 that nobody asked for is BAD_RESPONSE, is not kept, and no answer to a client', async () => {
  const query = answered(answerOf(['etag: "a"'], '', '304 Not Modified'));
  const kept = { ...query, source: 'kept' };
  for (const it of [query, kept, object(query)]) {
    const { results } = await service.kv({ it });
    expect(results.it).toMatchObject({ status: 'error', error: { code: 'BAD_RESPONSE', status: 304 } });
    expect((await raw(it)).status).toBe(502);
  }
  answers.set(`/${query.params.path}`, answerOf([JSON_TYPE], '1'));
  expect((await service.kv({ kept })).results.kept).toMatchObject({ status: 'ok', value: 1, meta: { status: 200 } });
});

describe.each(['204 No Content', '304 Not Modified'])('%s', (status) => {
  const query = () => answered(answerOf(['etag: "a"', 'content-type: text/plain'], '', status), UNLESS_A);

  it.each([
    ['flows', (it: object) => ({ it })],
    ['is looked at', (it: object) => ({ it, also: { ...good, unless: { $result: '/it' } } })],
    ['is that of a winner', (it: object) => ({ it: { pattern: 'first-reply', take: 1, queries: [it] } })],
  ])('is no entry of an archive where it %s', async (_, queries) => {
    const rest = query();
    for (const it of [rest, ...(status.startsWith('304') ? [object(rest, { ifNoneMatch: '"a"' })] : [])])
      for (const type of ['zip', 'x-tar'] as const) {
        const alone = queries({ ...it, as: 'it' });
        const names = [...(await archive(type, { ...alone, good })).keys()].toSorted();
        expect(names).toEqual([...Object.keys(alone).slice(1), 'good'].map((name) => `${name}.json`));
      }
  });

  it('alone is an empty archive, and beside a failure a problem', async () => {
    expect((await archive('x-tar', { it: query() })).size).toBe(0);
    const missing = { source: 'raw', op: 'get', params: { path: 'none' } };
    const answer = await askBytes(`${service.url}/kv`, { queries: { it: query(), missing } }, 'application/zip');
    expect(answer.status).toBe(404);
  });

  it('that select makes something of is an entry', async () => {
    const files = await archive('zip', {
      it: { forEach: ['Ada'], ...query(), select: { name: { $item: '' }, body: '' } },
    });
    expect([...files].map(([name, content]) => [name, String(content)])).toEqual([
      ['it/0.json', '{"name":"Ada","body":null}'],
    ]);
  });
});

describe('what is not HTTP as it should be', () => {
  const OK = 'HTTP/1.1 200 OK\r\n';
  it.each([
    ['a length that comes twice', `${OK}content-length: 2\r\ncontent-length: 2\r\n\r\nhi`],
    ['a length beside chunks', `${OK}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n`],
    ['chunks that come twice', `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['an empty transfer encoding', `${OK}content-type: a/b\r\ntransfer-encoding:\r\n\r\nhi`],
    ['an empty transfer encoding beside a length', `${OK}transfer-encoding:\r\ncontent-length: 2\r\n\r\nhi`],
    ['a chunk size of letters', `${OK}content-type: a/b\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`],
    ['a status of letters', 'HTTP/1.1 2x0 OK\r\n\r\n'],
    ['no head', '<html>'],
    ['a head that is too large', `${OK}x: ${'a'.repeat(20_000)}\r\n\r\n`],
  ])('%s is BAD_RESPONSE, of REST and S3', async (_name, bytes) => {
    const query = answered(Buffer.from(bytes));
    const { results } = await service.kv({ rest: query, s3: object(query), good });
    for (const name of ['rest', 's3'])
      expect(results[name]).toMatchObject({ status: 'error', error: { code: 'BAD_RESPONSE', retryable: false } });
    expect(results.good.status).toBe('ok');
  });

  it.each([
    ['by its length', `${OK}connection: close\r\ncontent-length: 10\r\n\r\nhi`],
    ['in a chunk', `${OK}connection: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhi`],
  ])('an answer that is cut %s is UNAVAILABLE, of REST and S3', async (_name, bytes) => {
    const query = answered(Buffer.from(bytes));
    const { results } = await service.kv({ rest: query, s3: object(query) });
    for (const name of ['rest', 's3'])
      expect(results[name]).toMatchObject({ status: 'error', error: { code: 'UNAVAILABLE', retryable: true } });
  });
});

it('an object store is told who asks', async () => {
  await service.kv({ it: object(answered(answerOf([JSON_TYPE], gzipSync('1')))) });
  expect(store.heads.at(-1)).toMatch(/^user-agent: .*\bcodap\/\d+\.\d+\.\d+/im);
});
