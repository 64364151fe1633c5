import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Connection } from '../../adapters/adapter.ts';
import { rest, type RestOptions } from '../../adapters/rest.ts';
import { HURRIED_MS } from '../../adapters/http/h1/pool.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { processMemory } from '../../src/budget/memory.ts';
import { CodapError } from '../../src/errors.ts';
import type { Body, Value } from '../../src/store/payload.ts';
import { Filled } from '../../src/store/placeholder.ts';
import { failed } from './failed.ts';
import { restOptions, run } from './rest-source.ts';
import { context } from './source.ts';

let stores: Stores;
let options: RestOptions;
let source: Connection;

beforeAll(async () => {
  stores = await startStores();
  options = restOptions({ url: `${stores.restUrl}/`, methods: ['get', 'head', 'post'], headers: { 'x-key': 'k' } });
  source = await rest.open(options);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});
afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await stores.close();
});

const get = (params: Record<string, unknown>, own = {}) => run(source, options, 'get', params, own) as Promise<Value>;
const failure = (params: Record<string, unknown>, own = {}) => failed(get(params, own));
const echoed = async (params: Record<string, unknown>, op = 'get', own = {}) =>
  ((await run(source, options, op, params, own)) as Value).value as {
    path: string;
    search: string;
    headers: Record<string, string>;
    body: string;
  };

/** A server of one answer, and a source for it. */
async function serving(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  common: Partial<RestOptions> = {},
) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const own = restOptions({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/base/` }, common);
  const connection = await rest.open(own);
  return {
    get: (own_: Record<string, unknown> = {}) => run(connection, own, 'get', {}, own_) as Promise<Value>,
    connection,
    server,
    async [Symbol.asyncDispose]() {
      await connection[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
const answering = (headers: Record<string, string>, body: string | Uint8Array, status = 200) =>
  serving((_request, response) => response.writeHead(status, headers).end(body));

describe('a request', () => {
  it('carries the path, the query, the headers that are allowed and those of the source', async () => {
    const echo = await echoed({
      path: ['echo', 'a b/ü', new Filled('50%')],
      query: { tag: ['x', 'y&z'], n: new Filled(5) },
      headers: { 'Accept-Language': 'de' },
    });
    expect(echo).toMatchObject({ path: '/echo/a%20b%2F%C3%BC/50%25', search: 'tag=x&tag=y%26z&n=5' });
    expect(echo.headers).toMatchObject({ 'accept-language': 'de', 'x-key': 'k' });
  });

  it('forwards only the listed headers of the caller, and the trace', async () => {
    const forwarding = restOptions({
      url: stores.restUrl,
      forwardHeaders: ['X-User', 'x-key'],
      headers: { 'X-Key': 'ours' },
      requestHeaders: ['x-user'],
    });
    await using connection = await rest.open(forwarding);
    const caller = {
      headers: { 'x-user': 'ada', 'x-key': 'theirs', cookie: 'secret' },
      traceparent: '00-a-b-01',
      tracestate: 'c=d',
    };
    const params = { path: '/echo', headers: { 'x-user': 'mallory' } };
    const { headers } = ((await run(connection, forwarding, 'get', params, { caller })) as Value).value as {
      headers: Record<string, string>;
    };
    expect(headers).toMatchObject({ 'x-user': 'ada', 'x-key': 'ours', traceparent: '00-a-b-01', tracestate: 'c=d' });
    expect(headers).not.toHaveProperty('cookie');
  });

  it('posts JSON with what was filled in, or text', async () => {
    const json = await echoed({ path: 'echo', body: { a: [new Filled({ b: 1 })], __proto__: 2 } }, 'post');
    expect(json).toMatchObject({ method: 'POST', body: '{"a":[{"b":1}]}' });
    expect(json.headers['content-type']).toBe('application/json');
    const text = await echoed({ path: 'echo', body: 'plain ü' }, 'post');
    expect(text.body).toBe('plain ü');
    expect(text.headers['content-type']).toBe('text/plain; charset=utf-8');
  });
});

describe('an answer', () => {
  it('passes JSON on as the text it came as, and opens it without losing digits', async () => {
    const { json, value, meta } = await get({ path: '/json/big-int' });
    expect(json).toContain('"id": 9007199254740993');
    expect((value as { id: { text: string } }).id.text).toBe('9007199254740993');
    expect(meta).toMatchObject({ status: 200, contentType: 'application/json', encoding: 'json' });
  });

  it('is text, base64 or null by its content type', async () => {
    expect(await get({ path: '/text' })).toMatchObject({ value: 'Grüße from the demo\n', meta: { encoding: 'text' } });
    const { value, meta } = await get({ path: '/bytes' });
    expect(Buffer.from(value as string, 'base64')).toEqual(
      Buffer.from(Uint8Array.from({ length: 256 }, (_, at) => at)),
    );
    expect(meta).toMatchObject({ encoding: 'base64', size: 256 });
    expect(await get({ path: '/no-content' })).toMatchObject({ json: 'null', meta: { status: 204 } });
    expect(await run(source, options, 'head', { path: '/bytes' })).toMatchObject({
      json: 'null',
      meta: { status: 200, contentType: 'application/octet-stream' },
    });
  });

  it.each(['gzip', 'br', 'deflate'])('is decoded from %s', async (encoding) => {
    const { value } = await get({ path: '/gzip', query: { encoding, bytes: 1000 } });
    expect(value).toHaveLength(998);
  });

  it('is decoded from zstd', async () => {
    await using api = await answering(
      { 'content-type': 'application/json', 'content-encoding': 'zstd' },
      zstdCompressSync('[1]'),
    );
    expect(await api.get()).toMatchObject({ json: '[1]' });
  });

  it.each([
    ['UTF-8 with a byte order mark', 'application/problem+json', Buffer.from('\uFEFF{"a":1}'), '{"a":1}'],
    ['Latin-1 text', 'text/plain; charset=iso-8859-1', Buffer.from('\xfcber', 'latin1'), '"über"'],
    ['UTF-16 text', 'text/csv;charset="utf-16le"', Buffer.from('ü', 'utf16le'), '"ü"'],
    ['text in an unknown charset', 'text/plain; charset=klingon', Buffer.from('a'), '"YQ=="'],
    ['empty text', 'text/plain', Buffer.alloc(0), '""'],
  ])('reads %s', async (_name, contentType, body, json) => {
    await using api = await answering({ 'content-type': contentType }, body);
    expect((await api.get()).json).toBe(json);
  });

  it('without a body and a content type is null', async () => {
    await using api = await answering({}, '');
    expect((await api.get()).json).toBe('null');
  });

  it('tells its ETag and when it was last modified', async () => {
    const modified = 'Tue, 15 Nov 1994 12:45:26 GMT';
    await using api = await answering(
      { 'content-type': 'application/json', etag: '"e"', 'last-modified': modified },
      '1',
    );
    expect((await api.get()).meta).toEqual({
      status: 200,
      contentType: 'application/json',
      size: 1,
      etag: '"e"',
      lastModified: '1994-11-15T12:45:26.000Z',
      encoding: 'json',
    });
  });

  it('can be taken as bytes', async () => {
    const { stream, meta } = (await run(
      source,
      options,
      'get',
      { path: '/big', query: { bytes: 300_000 } },
      { want: 'body' },
    )) as Body;
    expect(await buffer(stream)).toHaveLength(300_000);
    expect(meta).toMatchObject({
      status: 200,
      size: 300_000,
      length: 300_000,
      contentType: 'application/octet-stream',
    });
  });

  it('in part is as long as its part, of a body as large as the whole', async () => {
    const params = { path: '/big', query: { bytes: 300_000 }, headers: { range: 'bytes=10-19' } };
    const { stream, meta } = (await run(source, options, 'get', params, { want: 'body' })) as Body;
    expect(await buffer(stream)).toHaveLength(10);
    expect(meta).toMatchObject({ status: 206, size: 300_000, length: 10, contentRange: 'bytes 10-19/300000' });
    expect((await get(params)).meta).toMatchObject({ status: 206, size: 300_000, encoding: 'base64' });
  });
});

describe('a failure', () => {
  it.each([
    [400, 'INVALID'],
    [401, 'FORBIDDEN'],
    [403, 'FORBIDDEN'],
    [404, 'NOT_FOUND'],
    [407, 'FORBIDDEN'],
    [408, 'UNAVAILABLE'],
    [409, 'INVALID'],
    [410, 'NOT_FOUND'],
    [418, 'INVALID'],
    [429, 'OVERLOADED'],
    [500, 'UNAVAILABLE'],
    [502, 'UNAVAILABLE'],
    [503, 'UNAVAILABLE'],
    [504, 'UNAVAILABLE'],
    [300, 'BAD_RESPONSE'],
    [305, 'BAD_RESPONSE'],
  ])('of status %i is %s', async (status, code) => {
    expect(await failure({ path: `/status/${status}` })).toMatchObject({ code, status });
  });

  it('is a redirect, which is not followed', async () => {
    expect(await failure({ path: '/redirect' })).toMatchObject({ code: 'BAD_RESPONSE', status: 302 });
  });

  it('tells how long the store asks to wait', async () => {
    expect(await failure({ path: '/status/429', query: { retryAfter: '3' } })).toMatchObject({ retryAfterMs: 3000 });
    const date = new Date(Date.now() + 60_000).toUTCString();
    const { retryAfterMs } = await failure({ path: '/status/503', query: { retryAfter: date } });
    expect(retryAfterMs).toBeGreaterThan(50_000);
    expect((await failure({ path: '/status/429', query: { retryAfter: 'soon' } })).retryAfterMs).toBeUndefined();
  });

  it.each([
    ['JSON that is none', '/json/bad'],
    ['JSON that is too deep', '/json/deep?depth=1001'],
  ])('is %s', async (_name, address) => {
    const [path, depth] = address.split('?depth=');
    expect(await failure({ path, query: depth ? { depth } : {} })).toMatchObject({ code: 'BAD_RESPONSE' });
  });

  it.each([
    ['JSON that is not UTF-8', { 'content-type': 'application/json' }, Buffer.from([0x22, 0xff, 0x22])],
    ['JSON of white space alone', { 'content-type': 'application/json' }, ' \r\n'],
    ['text that is not in its charset', { 'content-type': 'text/plain' }, Buffer.from([0xff])],
    ['an unknown content encoding', { 'content-type': 'text/plain', 'content-encoding': 'rot13' }, 'a'],
    ['a body that is not what its encoding says', { 'content-type': 'text/plain', 'content-encoding': 'gzip' }, 'a'],
  ])('is %s', async (_name, headers, body) => {
    await using api = await answering(headers, body);
    await expect(api.get()).rejects.toMatchObject({ code: 'BAD_RESPONSE' });
  });

  it('is a body beyond maxBytes, also of a compressed one, decided as soon as it is exceeded', async () => {
    expect(await failure({ path: '/big', query: { bytes: 65_537 } })).toMatchObject({
      code: 'TOO_LARGE',
      message: expect.stringContaining('65536'),
    });
    expect(await failure({ path: '/gzip', query: { bytes: 1_000_000_000 } })).toMatchObject({ code: 'TOO_LARGE' });
    await using api = await serving((_request, response) => void response.write(Buffer.alloc(70_000)));
    await expect(api.get()).rejects.toMatchObject({ code: 'TOO_LARGE' });
    expect((await get({ path: '/big', query: { bytes: 65_536 } })).meta?.size).toBe(65_536);
  });

  it('is a connection that is refused, dropped or cut, and names no address', async () => {
    const port = stores.ports.rest;
    const closed = restOptions({ url: 'http://127.0.0.1:1/' });
    await using nowhere = await rest.open(closed);
    const refused = await failed(run(nowhere, closed, 'get', {}));
    expect(refused).toMatchObject({ code: 'UNAVAILABLE' });
    expect(refused.message).not.toMatch(/127|ECONN/);
    for (const fault of [{ kind: 'cut' } as const, { kind: 'cut', afterBytes: 10 } as const]) {
      // Twice: what a kept connection brings nothing of is asked for once more, by a new one.
      await stores.addFault({ store: 'rest', match: '/big', times: 'afterBytes' in fault ? 1 : 2, fault });
      const error = await failure({ path: '/big', query: { bytes: 1000 } });
      expect(error).toMatchObject({ code: 'UNAVAILABLE' });
      expect(error.message).not.toContain(String(port));
    }
  });

  it.each(['this is not HTTP\r\n\r\n', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnone\r\n'])(
    'is an answer that cannot be read as HTTP: %j',
    async (text) => {
      const peer = createTcpServer((socket) => socket.on('error', () => {}).once('data', () => socket.write(text)));
      peer.listen(0, '127.0.0.1');
      await once(peer, 'listening');
      const own = restOptions({ url: `http://127.0.0.1:${(peer.address() as AddressInfo).port}/` });
      const connection = await rest.open(own);
      expect(await failed(run(connection, own, 'get', {}))).toMatchObject({ code: 'BAD_RESPONSE', retryable: false });
      await connection[Symbol.asyncDispose]();
      peer.close();
      await once(peer, 'close');
    },
  );

  it('of a streamed body comes as an error of the stream', async () => {
    await stores.addFault({ store: 'rest', match: '/big', times: 1, fault: { kind: 'cut', afterBytes: 100_000 } });
    const { stream } = (await run(
      source,
      options,
      'get',
      { path: '/big', query: { bytes: 5_000_000 } },
      { want: 'body' },
    )) as Body;
    await expect(buffer(stream)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('aborting', () => {
  it('stops a request at once, here and at the store', async () => {
    let gone!: Promise<unknown>;
    const arrived = Promise.withResolvers<void>();
    await using api = await serving((_request, response) => {
      gone = once(response, 'close');
      arrived.resolve();
    });
    const controller = new AbortController();
    const answer = api.get({ signal: controller.signal });
    answer.catch(() => {});
    await arrived.promise;
    const reason = new CodapError('TIMEOUT', 'late');
    const start = performance.now();
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    await gone;
    expect(performance.now() - start).toBeLessThan(50);
  });

  it('fails a call with CANCELLED where no reason is given, also before it starts', async () => {
    await expect(get({ path: '/text' }, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('destroys a streamed body', async () => {
    const closed = Promise.withResolvers<void>();
    await using api = await serving((_request, response) => {
      response.once('close', closed.resolve);
      response.write('first');
    });
    const controller = new AbortController();
    const { stream } = (await api.get({ signal: controller.signal, want: 'body' })) as unknown as Body;
    controller.abort();
    await expect(buffer(stream)).rejects.toMatchObject({ code: 'CANCELLED' });
    await closed.promise;
  });

  it('of a reader that leaves closes the connection to the store', async () => {
    const closed = Promise.withResolvers<void>();
    await using api = await serving((_request, response) => {
      response.once('close', closed.resolve);
      response.write('first');
    });
    const { stream } = (await api.get({ want: 'body' })) as unknown as Body;
    stream.destroy();
    await closed.promise;
  });
});

describe('a connection', () => {
  it('is not used up by failures whose bodies nobody reads', async () => {
    await using api = await serving((_request, response) => void response.writeHead(500).write(Buffer.alloc(200_000)), {
      concurrency: 5,
    });
    for (let round = 0; round < 20; round++) {
      const settled = await Promise.allSettled(Array.from({ length: 10 }, () => api.get()));
      expect(settled.every((it) => it.status === 'rejected' && it.reason.code === 'UNAVAILABLE')).toBe(true);
    }
  });

  it.each<[string, 'value' | 'body', Partial<RestOptions>, number, string]>([
    ['of a failure, gathered', 'value', {}, 404, 'NOT_FOUND'],
    ['of a failure, gathered by pipelined GETs', 'value', { pipelining: 4 }, 404, 'NOT_FOUND'],
    ['too large, gathered', 'value', { maxBytes: 50 }, 200, 'TOO_LARGE'],
    ['of a failure, flowing', 'body', {}, 404, 'NOT_FOUND'],
  ])(
    'is there for the next query while bodies that nobody reads do not end: %s',
    async (_what, want, own, status, code) => {
      // What nobody waits for may take its time: here, for ever.
      const { setTimeout: later } = globalThis;
      vi.spyOn(globalThis, 'setTimeout').mockImplementation((then: () => void, ms = 0) =>
        later(ms <= HURRIED_MS ? then : () => {}, ms),
      );
      let isEndless = true;
      const answer = (_request: IncomingMessage, response: ServerResponse): void => {
        if (isEndless) response.writeHead(status, { 'content-length': 100 }).write('some');
        else response.end('all');
      };
      await using api = await serving(answer, { concurrency: 2, ...own });
      for (let asked = 0; asked < 8; asked++) expect(await failed(api.get({ want }))).toMatchObject({ code });
      isEndless = false;
      const answers = await Promise.all([api.get({ want }), api.get({ want })]);
      expect(answers).toMatchObject([{ meta: { status: 200 } }, { meta: { status: 200 } }]);
    },
  );

  it.each<['value' | 'body']>([['value'], ['body']])(
    'serves again at full load after failures whose bodies come a moment later: %s',
    async (want) => {
      const concurrency = 4;
      let connections = 0;
      const answer = (_request: IncomingMessage, response: ServerResponse): void => {
        response.writeHead(404, { 'content-length': 4 }).flushHeaders();
        setTimeout(() => response.end('none'), 5);
      };
      await using api = await serving(answer, { concurrency });
      api.server.on('connection', () => (connections += 1));
      const asking = async (): Promise<void> => {
        for (let asked = 0; asked < 15; asked++)
          expect(await failed(api.get({ want }))).toMatchObject({ code: 'NOT_FOUND' });
      };
      await Promise.all(Array.from({ length: concurrency }, asking));
      // Twice as many as ask at once; some more on a busy machine.
      expect(connections).toBeLessThan(4 * concurrency);
    },
  );

  describe('whose answer is refused while its decoder has no room', () => {
    afterEach(() => void vi.useRealTimers());
    const long = gzipSync(randomBytes(1_000_000));
    const rubbish = Buffer.concat([gzipSync(randomBytes(100_000)), Buffer.alloc(900_000, 1)]);

    it.each([
      ['TOO_LARGE', long, 100_000, Infinity],
      ['OVERLOADED', long, 2_000_000, 100_000],
      ['BAD_RESPONSE', rubbish, 2_000_000, Infinity],
    ])('%s, is cut by how much comes, before its time is up', async (code, body, maxBytes, memory) => {
      vi.useFakeTimers({ toFake: ['setTimeout'] });
      const closed = Promise.withResolvers<void>();
      await using api = await serving(
        (request, response) => {
          request.socket.once('close', closed.resolve);
          response.writeHead(200, { 'content-encoding': 'gzip' }).end(body);
        },
        { maxBytes },
      );
      // The store itself keeps it for ever.
      api.server.keepAliveTimeout = 0;
      expect(await failed(api.get({ memory: processMemory(memory) }))).toMatchObject({ code });
      await closed.promise;
    });
  });

  it('serves again after a failure that was read', async () => {
    let connections = 0;
    await using api = await answering({}, 'no', 404);
    api.server.on('connection', () => (connections += 1));
    for (let round = 0; round < 20; round++) await api.get().catch(() => {});
    expect(connections).toBeLessThan(4);
  });

  it('is kept where a query is given up before it is sent', async () => {
    let connections = 0;
    await using api = await answering({}, 'ok');
    api.server.on('connection', () => (connections += 1));
    // A connection is used again some turns later, once what nobody asked for has had its chance to come.
    const turns = async (): Promise<void> => {
      for (let count = 0; count < 10; count++) await turn();
    };
    await api.get();
    await turns();
    const controller = new AbortController();
    const given = api.get({ signal: controller.signal });
    controller.abort();
    await expect(given).rejects.toMatchObject({ code: 'CANCELLED' });
    await turns();
    await api.get();
    expect(connections).toBe(1);
  });

  it('is opened no more often than twice the places, and closed with the source, also for those that wait', async () => {
    let connections = 0;
    const arrived = Promise.withResolvers<void>();
    await using api = await serving(() => ++connections === 4 && arrived.resolve(), { concurrency: 2 });
    const answers = Promise.allSettled(Array.from({ length: 6 }, () => api.get()));
    await arrived.promise;
    await api.connection[Symbol.asyncDispose]();
    for (const answer of [...(await answers), ...(await Promise.allSettled([api.get()]))])
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'UNAVAILABLE' } });
    expect(connections).toBe(4);
  });

  it('pings: any answer means that the store is there', async () => {
    await source.ping(context().signal);
    await using api = await answering({}, '', 500);
    expect(await api.connection.ping(context().signal)).toBe(500);
    await using nowhere = await rest.open(restOptions({ url: 'http://127.0.0.1:1/' }));
    await expect(nowhere.ping(context().signal)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
