import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type App, buildApp } from '../../src/service/app.ts';
import { CodapError } from '../../src/errors.ts';
import { createLogger, Secrets } from '../../src/service/log.ts';
import type { Source } from '../../src/sources/open.ts';
import { parseConfig } from '../configured.ts';
import { adapters } from '../../adapters/index.ts';
import { secretsOf } from '../../src/config/secrets.ts';
import { paced } from '../unpaced.ts';

const up = {
  name: 'shop',
  adapter: 'mongo',
  ops: ['find'],
  paramsOf: () => z.looseObject({}),
  ownParamsOf: () => z.looseObject({}),
  layers: [
    { name: 'breaker', state: () => ({ open: 0 }) },
    { name: 'timeout' },
    { name: 'limit', state: () => ({ running: 3, queued: 0, limit: 100 }) },
  ],
  ping: () => Promise.resolve(),
} as unknown as Source;
const down = {
  ...up,
  name: 'photos',
  adapter: 's3',
  ops: ['getObject'],
  layers: [],
  ping: () => Promise.reject(new CodapError('UNAVAILABLE', 'no connection')),
} as unknown as Source;
const broken = {
  ...up,
  name: 'prices',
  layers: [{ name: 'breaker', state: () => ({ open: 1 }) }],
} as unknown as Source;

let app: App;
afterEach(() => app.close());

async function build(
  {
    server = {},
    limits = {},
    sources = [up],
    requestMs,
  }: { server?: object; limits?: object; sources?: Source[]; requestMs?: number } = {},
  routes: (app: FastifyInstance) => void = echo,
) {
  app = await buildApp(parseConfig({ server, limits }), {
    sources: new Map(sources.map((source) => [source.name, source])),
    requestMs,
  });
  routes(app);
  await app.ready();
}

/** Answers what the shell made of a request. */
function echo(app: FastifyInstance): void {
  app.post('/echo', (request: FastifyRequest) => ({
    body: String(request.body),
    buffer: Buffer.isBuffer(request.body),
    traceparent: request.headers['traceparent'],
    tracestate: request.headers['tracestate'],
  }));
}

const json = { 'content-type': 'application/json' };
const post = (url: string, payload: string | Buffer = '{}', headers: Record<string, string> = json) =>
  app.inject({ method: 'POST', url, payload, headers });

const problem = async (status: number, answer: ReturnType<typeof post>) => {
  const { statusCode, headers, body } = await answer;
  expect(statusCode).toBe(status);
  expect(headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(headers['x-request-id']).toMatch(/^[\x21-\x7e]{1,128}$/);
  const read = JSON.parse(body) as Record<string, unknown>;
  expect(read).toMatchObject({ status, title: expect.any(String) as string });
  return { ...read, headers };
};

const traceOf = async (traceparent: string, tracestate = 'a=1') => {
  await build();
  return (await post('/echo', '{}', { ...json, traceparent, tracestate })).json() as {
    traceparent: string;
    tracestate?: string;
  };
};

const preflight = (from: string) =>
  app.inject({
    method: 'OPTIONS',
    url: '/kv',
    headers: {
      origin: from,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    },
  });

/** A route that holds its answers until it is told. */
function held(app: FastifyInstance) {
  const entered = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  app.post('/held', async () => {
    entered.resolve();
    await release.promise;
    return 'done';
  });
  return { entered: entered.promise, release: release.resolve };
}

const send = async (bytes: string) => {
  await app.listen({ port: 0, host: '127.0.0.1' });
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(bytes);
  return text(socket);
};

it.each(['swagger-ui-bundle.js', 'swagger-ui.css'])('reads %s once for all who ask', async (file) => {
  const sent: unknown[] = [];
  await build({}, (service) =>
    service.addHook('onSend', (_request, _reply, payload, done) => {
      sent.push(payload);
      done();
    }),
  );
  for (let times = 0; times < 2; times += 1)
    expect((await app.inject(`/docs/${file}`)).rawPayload.length).toBeGreaterThan(1e5);
  expect(sent[1] === sent[0]).toBe(true);
});

describe('a request that does not fit', () => {
  it('is a 404 where there is nothing, whatever its body', async () => {
    await build();
    await problem(404, app.inject('/nowhere'));
    await problem(404, post('/nowhere', 'x', { 'content-type': 'text/plain' }));
    await problem(404, app.inject('/kv/x'));
  });

  it.each(['/sources', '/docs', '/kv'])('is a 404 for a name below %s of whatever length', async (path) => {
    const origin = 'https://app.example';
    await build({ server: { corsOrigins: [origin] } });
    for (const length of [100, 101, 15_000]) {
      const url = `${path}/${'a'.repeat(length)}`;
      const { headers } = await problem(404, app.inject({ url, headers: { origin } }));
      expect(headers['access-control-allow-origin']).toBe(origin);
    }
    expect((await problem(405, post(`/sources/${'a'.repeat(101)}`))).headers['allow']).toBe('GET, HEAD');
  });

  it('is a 405 with Allow where the path has other methods', async () => {
    await build();
    expect((await problem(405, app.inject('/kv'))).headers['allow']).toBe('POST');
    expect((await problem(405, post('/limits?x=1'))).headers['allow']).toBe('GET, HEAD');
    await problem(405, app.inject({ method: 'OPTIONS', url: '/kv' }));
    expect((await problem(405, post('/docs/start.js'))).headers['allow']).toBe('GET, HEAD');
    await problem(405, app.inject('/%6Bv'));
  });

  it('is a 400 for an unknown URL parameter, on every route, naming it', async () => {
    await build();
    for (const url of ['/health/live', '/health/ready', '/sources', '/limits'])
      await problem(400, app.inject(`${url}?pretty`));
    for (const url of ['/kv', '/ordered', '/first-reply', '/echo']) await problem(400, post(`${url}?__proto__=1`));
    const { errors } = (await problem(400, app.inject('/health/ready?strict=1&a=2'))) as unknown as {
      errors: { parameter: string }[];
    };
    expect(errors.map(({ parameter }) => parameter)).toEqual(['strict', 'a']);
  });

  it('is a 415 unless it is application/json, without a body too', async () => {
    await build();
    await problem(415, post('/kv', '{}', { 'content-type': 'text/plain' }));
    await problem(415, post('/kv', '{}', { 'content-type': 'application/json-patch+json' }));
    await problem(415, post('/kv', '{}', {}));
    await problem(415, post('/kv', '', {}));
    await problem(415, post('/kv', 'x', { ...json, 'content-encoding': 'gzip' }));
  });

  it('is a 413 beyond the limit, and fine at it', async () => {
    await build({ limits: { bodyBytes: 1024 } });
    await problem(413, post('/echo', 'x'.repeat(1025)));
    expect((await post('/echo', 'x'.repeat(1024))).statusCode).toBe(200);
  });

  it('is a 400 if its URL cannot be decoded', async () => {
    await build();
    await problem(400, app.inject('/%zz'));
  });

  it('is a 500 that tells nothing when codap fails', async () => {
    await build({}, (app) => {
      app.post('/fails', () => Promise.reject(new Error('mongodb://user:hunter2@10.0.0.1')));
    });
    const answer = await problem(500, post('/fails'));
    expect(answer).toMatchObject({ code: 'INTERNAL' });
    expect(JSON.stringify(answer)).not.toMatch(/hunter2|mongodb|stack/);
  });

  it('is answered by the failure that a route throws', async () => {
    await build({}, (app) => {
      app.post('/fails', () => Promise.reject(new CodapError('TIMEOUT', 'too late', { source: 'shop' })));
    });
    expect(await problem(504, post('/fails'))).toMatchObject({ code: 'TIMEOUT', detail: 'too late', source: 'shop' });
  });
});

describe('a body', () => {
  it('is handed on as the bytes it came as', async () => {
    await build();
    const body = '{"__proto__": 1, "a": 9007199254740993 }';
    expect((await post('/echo', body)).json()).toMatchObject({ body, buffer: true });
    expect((await post('/echo', '', json)).json()).toMatchObject({ body: '', buffer: true });
    expect((await post('/echo', '{}', { 'content-type': 'Application/JSON; charset=utf-8' })).statusCode).toBe(200);
  });

  it('is answered with no-store; a GET may be stored', async () => {
    await build();
    expect((await post('/echo')).headers['cache-control']).toBe('no-store');
    expect((await post('/kv', '{', json)).headers['cache-control']).toBe('no-store');
    expect((await app.inject('/limits')).headers['cache-control']).toBeUndefined();
  });
});

describe('X-Request-Id', () => {
  it.each(['a', 'x'.repeat(128), '~!abc-123'])('%s is taken and sent back', async (id) => {
    await build();
    expect((await app.inject({ url: '/limits', headers: { 'x-request-id': id } })).headers['x-request-id']).toBe(id);
  });

  it.each(['', 'x'.repeat(129), 'a b', 'ä'])('%j is replaced', async (id) => {
    await build();
    expect((await app.inject({ url: '/limits', headers: { 'x-request-id': id } })).headers['x-request-id']).toMatch(
      /^[0-9a-f-]{36}$/,
    );
  });
});

describe('traceparent', () => {
  const good = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  it('is kept if it is well formed', async () => {
    expect(await traceOf(good)).toMatchObject({ traceparent: good, tracestate: 'a=1' });
  });

  it('of a later version goes on as version 00', async () => {
    expect(await traceOf(`${good.replace('00-', 'cc-').replace(/01$/, '09')}-more`)).toMatchObject({
      traceparent: good,
      tracestate: 'a=1',
    });
  });

  it.each([
    '',
    'x',
    good.replace('00-', 'ff-'),
    `${good}-more`,
    good.toUpperCase(),
    good.replace(/4bf\w+/, '0'.repeat(32)),
    good.replace('00f067aa0ba902b7', '0'.repeat(16)),
    `${good}, ${good}`,
  ])('%j is replaced and its tracestate dropped', async (malformed) => {
    const { traceparent, tracestate } = await traceOf(malformed);
    expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(traceparent).not.toContain('4bf92f');
    expect(tracestate).toBeUndefined();
  });

  const members = (count: number) => Array.from({ length: count }, (_, at) => `k${at}=1`).join();

  it.each([
    'a=1',
    'a=1,b=2',
    'a=1 \t,\t b=2',
    'a=1,,b=2,',
    'a0_-*/=1',
    '1a@b=2',
    `${'a'.repeat(256)}=1`,
    `${'t'.repeat(241)}@${'s'.repeat(14)}=1`,
    'a=!"#$%&\'()*+-./:;<>?@[\\]^_`{|}~ x',
    `a=${'x'.repeat(256)}`,
    members(32),
    `${'a'.repeat(255)}=${'x'.repeat(256)}`,
  ])('a tracestate beside it is kept as it came: %j', async (state) => {
    expect(await traceOf(good, state)).toMatchObject({ traceparent: good, tracestate: state });
  });

  it.each([
    '',
    ',',
    'a',
    'a=',
    '=1',
    'A=1',
    '1=1',
    'a.b=1',
    'a =1',
    'a@=1',
    '@a=1',
    'a@b@c=1',
    `${'a'.repeat(257)}=1`,
    `${'t'.repeat(242)}@s=1`,
    `t@${'s'.repeat(15)}=1`,
    'a=b=c',
    'a=\u00e9',
    'a=1\t2',
    'a=1,b',
    `a=${'x'.repeat(257)}`,
    members(33),
    `${'a'.repeat(256)}=${'x'.repeat(256)}`,
    `a=${'x'.repeat(9000)}`,
  ])('a tracestate beside it is dropped that is malformed or long: %j', async (state) => {
    expect(await traceOf(good, state)).toMatchObject({ traceparent: good });
    expect(await traceOf(good, state)).not.toHaveProperty('tracestate');
  });

  it('that did not come is not made up, and a tracestate is dropped', async () => {
    await build();
    const echoed = (await post('/echo', '{}', { ...json, tracestate: 'a=1' })).json();
    expect(Object.keys(echoed as object)).toEqual(['body', 'buffer']);
  });
});

describe('CORS', () => {
  const origin = 'https://app.example';
  it('answers the preflight of an origin that is named', async () => {
    await build({ server: { corsOrigins: [origin] } });
    const { statusCode, headers } = await preflight(origin);
    expect(statusCode).toBe(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-headers': 'content-type',
      vary: 'Origin',
    });
    expect(headers['access-control-allow-methods']).toContain('POST');
  });

  it('lets that origin read answers and faults, and no other', async () => {
    await build({ server: { corsOrigins: [origin] } });
    for (const url of ['/limits', '/nowhere']) {
      expect((await app.inject({ url, headers: { origin } })).headers['access-control-allow-origin']).toBe(origin);
      expect(
        (await app.inject({ url, headers: { origin: `${origin}.evil` } })).headers['access-control-allow-origin'],
      ).toBeUndefined();
    }
    expect((await preflight('https://other.example')).headers['access-control-allow-origin']).toBeUndefined();
  });

  it('is off without origins', async () => {
    await build();
    const { statusCode, headers } = await preflight(origin);
    expect(statusCode).toBe(405);
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('admission', () => {
  it('answers 503 with Retry-After beyond maxInFlight, and lets in again once a batch has left', async () => {
    let gate!: ReturnType<typeof held>;
    await build({ server: { maxInFlight: 1 } }, (app) => {
      gate = held(app);
      echo(app);
    });
    const first = post('/held');
    await gate.entered;
    const refused = await post('/echo');
    expect(refused.statusCode).toBe(503);
    expect(refused.headers['retry-after']).toBe('1');
    expect(refused.json()).toMatchObject({ code: 'OVERLOADED', retryable: true });
    expect((await app.inject('/health/live')).statusCode).toBe(200);
    gate.release();
    expect((await first).statusCode).toBe(200);
    expect((await post('/echo')).statusCode).toBe(200);
  });

  it('refuses batches while the event loop lags, health excepted, and lets them in again', () =>
    paced(async () => {
      await build();
      await expect.poll(async () => (await post('/echo')).statusCode).toBe(200);
      for (let pause = 0; pause < 4; pause += 1) {
        const until = performance.now() + 150;
        while (performance.now() < until);
        await new Promise(setImmediate);
      }
      const refused = await post('/echo');
      expect(refused.statusCode).toBe(503);
      expect(refused.headers['retry-after']).toBe('1');
      expect((await app.inject('/health/ready')).statusCode).toBe(200);
      await expect.poll(async () => (await post('/echo')).statusCode).toBe(200);
    }));

  it('draining: readiness fails at once, running answers are finished, connections closed, new batches refused', async () => {
    let gate!: ReturnType<typeof held>;
    await build({}, (app) => {
      gate = held(app);
    });
    const running = post('/held');
    await gate.entered;
    let drained = false;
    const drain = app.drain().then(() => {
      drained = true;
    });
    const ready = await app.inject('/health/ready');
    expect(ready.statusCode).toBe(503);
    expect(ready.json()).toMatchObject({ status: 'draining' });
    expect((await app.inject('/health/live')).statusCode).toBe(200);
    expect((await post('/held')).statusCode).toBe(503);
    expect(drained).toBe(false);
    gate.release();
    const answer = await running;
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['connection']).toBe('close');
    await drain;
  });

  it.each(['', '?strict'])('readiness fails that waits for a source as the draining begins: %s', async (query) => {
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    const ping = (): Promise<void> => (asked.resolve(), answered.promise);
    await build({ sources: [{ ...up, ping }] });
    const asking = app.inject(`/health/ready${query}`);
    await asked.promise;
    const drained = app.drain();
    answered.resolve();
    const ready = await asking;
    expect([ready.statusCode, ready.json()]).toEqual([503, { status: 'draining' }]);
    expect(await drained).toBe(true);
  });

  it('is drained at once when nothing runs', async () => {
    await build();
    await app.drain();
    expect((await app.inject('/health/ready')).statusCode).toBe(503);
  });
});

describe('what the service says of itself', () => {
  it('is ready while a source is down, and says so; ?strict is not', async () => {
    await build({ sources: [up, down] });
    const { statusCode, body } = await app.inject('/health/ready');
    expect(statusCode).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      status: 'ready',
      sources: [
        { name: 'shop', status: 'up', ms: expect.any(Number) as number },
        { name: 'photos', status: 'down', code: 'UNAVAILABLE' },
      ],
    });
    expect((await app.inject('/health/ready?strict')).statusCode).toBe(503);
  });

  it('counts a source as down whose circuit is open, whatever a ping finds', async () => {
    await build({ sources: [up, broken] });
    const { statusCode, body } = await app.inject('/health/ready?strict');
    expect(statusCode).toBe(503);
    expect(JSON.parse(body)).toMatchObject({
      status: 'unavailable',
      sources: [
        { name: 'shop', status: 'up', layers: { breaker: { open: 0 }, limit: { running: 3, queued: 0, limit: 100 } } },
        { name: 'prices', status: 'down', code: 'CIRCUIT_OPEN', layers: { breaker: { open: 1 } } },
      ],
    });
    expect((await app.inject('/health/ready')).statusCode).toBe(200);
  });

  it('asks each source once for many probes', async () => {
    let pings = 0;
    const counted = { ...up, ping: () => Promise.resolve(void (pings += 1)) } as Source;
    await build({ sources: [counted] });
    await Promise.all(Array.from({ length: 5 }, () => app.inject('/health/ready?strict')));
    expect(pings).toBe(1);
  });

  it('lists sources and limits', async () => {
    await build({ sources: [up, down], server: { timeoutMs: 700 } });
    expect((await app.inject('/sources')).json()).toEqual({
      sources: [
        {
          name: 'shop',
          adapter: 'mongo',
          ops: ['find'],
          layers: { breaker: { open: 0 }, limit: { running: 3, queued: 0, limit: 100 } },
        },
        { name: 'photos', adapter: 's3', ops: ['getObject'], layers: {} },
      ],
    });
    expect((await app.inject('/limits')).json()).toMatchObject({
      limits: { depth: 32, calls: 1000 },
      server: { timeoutMs: 700, maxTimeoutMs: 30000 },
    });
  });
});

describe('on the wire', () => {
  const HEAD = 'POST /kv HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
  const LATE = 'the request took too long to arrive';

  it.each([
    ['no HTTP', 'nonsense\r\n\r\n', '400 Bad Request', 'this is not HTTP/1.1', ''],
    ['a tunnel', 'CONNECT a:80 HTTP/1.1\r\nhost: localhost\r\n\r\n', '501 Not Implemented', 'this is no proxy', ''],
    ['a head without end', `${HEAD}x: ${'a'.repeat(20_000)}`, '431 Request Header Fields Too Large', undefined, ''],
    ['a head that does not come', HEAD, '408 Request Timeout', LATE, ''],
    [
      'a body that does not come',
      `${HEAD}x-request-id: mine\r\ncontent-length: 9\r\n\r\n{`,
      '408 Request Timeout',
      LATE,
      'mine',
    ],
    [
      'a body that is no HTTP',
      `${HEAD}x-request-id: mine\r\ntransfer-encoding: chunked\r\n\r\nnone\r\n`,
      '400 Bad Request',
      'this is not HTTP/1.1',
      'mine',
    ],
  ])('%s is answered as any fault', async (_what, bytes, status, detail, id) => {
    await build({ requestMs: 300, sources: [] });
    const [head = '', body = ''] = (await send(bytes)).split('\r\n\r\n');
    const [first, ...fields] = head.toLowerCase().split('\r\n');
    expect(first).toBe(`http/1.1 ${status}`.toLowerCase());
    expect(fields).toEqual(
      expect.arrayContaining([
        'content-type: application/problem+json',
        expect.stringMatching(id ? `^x-request-id: ${id}$` : /^x-request-id: [0-9a-f-]{36}$/),
        'x-content-type-options: nosniff',
        'cache-control: no-store',
        'connection: close',
        expect.stringMatching(/^date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d gmt$/),
      ]),
    );
    expect(JSON.parse(body)).toEqual({
      status: Number(status.slice(0, 3)),
      title: status.slice(4),
      ...(detail && { detail }),
    });
    const counted = (): unknown => app.metrics.families[0]?.series.map(([labels]) => labels);
    await expect.poll(counted).toEqual(id ? [['kv', '', 'invalid', '']] : []);
  });
});

describe('a request target on the wire', () => {
  it.each([
    ['GET', '/none#%zz', 404],
    ['GET', '/none#a?%zz', 404],
    ['GET', '/none?#%zz', 404],
    ['DELETE', '/none#%zz', 404],
    ['GET', '/kv#%zz', 405],
    ['GET', '/kv?a#%zz', 405],
    ['DELETE', '/kv#', 405],
    ['GET', 'http://127.0.0.1:8080/kv', 405],
    ['GET', 'HTTPS://127.0.0.1:8080/kv?a=%zz', 405],
    ['DELETE', 'http://127.0.0.1:8080/%6Bv', 405],
    ['GET', 'http://127.0.0.1:8080/none', 404],
    ['GET', 'http://127.0.0.1:8080', 200],
    ['GET', 'http://127.0.0.1:8080?a', 400],
    ['GET', 'http://127.0.0.1:8080/limits', 200],
    ['GET', 'ftp://127.0.0.1:8080/kv', 404],
    ['GET', '/kv/http://127.0.0.1/kv', 404],
    ['GET', '/none%zz', 400],
    ['DELETE', '/none%zz', 400],
    ['GET', 'http://127.0.0.1:8080/kv%zz', 400],
    ['GET', 'http://127.0.0.1:8080/kv#%zz', 400],
  ])('%s %s is answered %i', async (method, target, status) => {
    await build();
    const answer = await send(`${method} ${target} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(/^allow: (.*)\r$/im.exec(answer)?.[1]).toBe(status === 405 ? 'POST' : undefined);
  });
});

describe('the head of a request on the wire', () => {
  it.each([
    ['no Host', '1.1', '', 400, 'a request has one Host field'],
    ['two', '1.1', 'host: localhost\r\nHost: localhost\r\n', 400, 'a request has one Host field'],
    ['one', '1.1', 'host: localhost\r\n', 200, undefined],
    ['none, as HTTP/1.0 allows', '1.0', '', 200, undefined],
    ['an expectation that nobody knows', '1.1', 'host: localhost\r\nexpect: 200-maybe\r\n', 200, undefined],
  ])('%s', async (_what, version, fields, status, detail) => {
    await build();
    const answer = await send(`GET /limits HTTP/${version}\r\n${fields}connection: close\r\n\r\n`);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(head).toMatch(/^x-request-id: [0-9a-f-]{36}\r$/m);
    expect((JSON.parse(body) as { detail?: string }).detail).toBe(detail);
  });

  it('a path that is not UTF-8', async () => {
    await build();
    const { detail } = (await app.inject('/batches/%ff')).json() as { detail?: string };
    expect(detail).toBe('the path is not UTF-8 in percent-encoding');
  });
});

describe('the log', () => {
  it('holds no credential: not of a request, not of the configuration', () => {
    const lines: string[] = [];
    const sources = {
      a: { adapter: 'mongo', url: 'mongodb://user:p%40ssword@host/' },
      b: { adapter: 's3', secretAccessKey: 'very"secret' },
      c: { adapter: 'rest', headers: { authorization: 'Bearer token-1' } },
    };
    const log = createLogger('info', new Secrets(secretsOf({ sources: sources as never }, adapters)), {
      write: (line: string) => void lines.push(line),
    });
    log.info(
      {
        headers: { authorization: 'A1', cookie: 'A2' },
        req: { headers: { authorization: 'A3', 'set-cookie': 'A4' } },
        authorization: 'A5',
      },
      'x',
    );
    log.error({ err: new Error('p@ssword p%40ssword very"secret Bearer token-1') }, 'y');
    expect(lines).toHaveLength(2);
    expect(lines.join('')).not.toMatch(/A\d|ssword|very|token-1/);
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['x', 'y']);
  });
});
