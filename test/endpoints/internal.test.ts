import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildApp } from '../../src/service/app.ts';
import { PATTERNS } from '../../src/batch/plan/node.ts';
import type { BatchOptions } from '../../src/batch/run/batch.ts';
import { run } from '../../src/batch/run/run.ts';
import { TypedValue } from '../../src/store/typed-value.ts';
import { CodapError } from '../../src/errors.ts';
import { adapters } from '../../adapters/index.ts';
import { secretsOf } from '../../src/config/secrets.ts';
import { createLogger, Secrets } from '../../src/service/log.ts';
import type { Payload } from '../../src/store/payload.ts';
import { simulate } from '../batch/simulated.ts';
import { unbounded } from '../unbounded.ts';
import { parseConfig } from '../configured.ts';
import { plan } from '../plan.ts';

const SECRET = 'swordfish-1234';
const bug = (): TypeError =>
  Object.assign(new TypeError('x of undefined', { cause: new RangeError(`before that: ${SECRET}`) }), {
    sent: 'a field of a driver',
  });

/** Answers its query as its params say: at once, in part, or not at all. */
function answer(kind: Payload['kind'], breaks: boolean): Payload {
  if (!breaks || kind === 'value') throw bug();
  if (kind === 'items')
    return {
      kind,
      items: (async function* () {
        yield ['1'];
        await Promise.resolve();
        throw bug();
      })(),
    };
  const stream = Readable.from(
    (async function* () {
      yield Buffer.from('some');
      await new Promise(setImmediate);
      throw bug();
    })(),
  );
  return { kind, stream, meta: { contentType: 'text/plain' } };
}

type Line = {
  level: number;
  requestId?: string;
  trace_id?: string;
  path?: string;
  source?: string;
  msg: string;
  err: { type: string; stack: string; cause: { type: string; message: string; stack: string; cause?: object } };
};
const lines: Line[] = [];
let app: FastifyInstance;
let url: string;

beforeEach(async () => {
  lines.splice(0);
  const sources = { own: { adapter: 'rest', url: 'http://127.0.0.1:1/', headers: { 'x-key': SECRET } } };
  const config = parseConfig({ sources, server: { mcp: true } });
  const odd = {
    ...simulate().source,
    name: 'odd',
    prepare(_op: string, params: Record<string, unknown>) {
      if (params['refuse'] === true) throw bug();
      return params;
    },
    streams: (op: string) => (op === 'list' ? ('items' as const) : op === 'body' ? ('body' as const) : undefined),
    call: ({ op, want }: { op: string; want: Payload['kind'] }) =>
      Promise.resolve().then(() => (op === 'ok' ? new TypedValue([1, 2]) : answer(want, op !== 'get'))),
    ping: () => Promise.reject(bug()),
  };
  const logger = createLogger('info', new Secrets(secretsOf(config, adapters)), {
    write: (line) => void lines.push(JSON.parse(line) as Line),
  });
  app = await buildApp(config, { sources: new Map([['odd', odd]]), logger });
  app.get('/thrown', () => Promise.reject(new CodapError('INTERNAL', 'codap failed', { cause: bug() })));
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(() => app.close());

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;

const get = { source: 'odd', op: 'get' };
const list = { source: 'odd', op: 'list', stream: true };
const body = { source: 'odd', op: 'body' };

it.each<[string, string, (client: Socket) => void]>([
  ['is closed', 'content-length: 20\r\n\r\n{', (client) => client.destroy()],
  ['is reset', 'content-length: 20\r\n\r\n{', (client) => client.resetAndDestroy()],
  ['is ended', 'transfer-encoding: chunked\r\n\r\n1\r\n{\r\n', (client) => client.end()],
  ['becomes something else than HTTP', 'transfer-encoding: chunked\r\n\r\n1\r\n{', (client) => client.write('zz')],
])('a body whose connection %s in the middle of it is no failure of codap’s own', async (_how, sent, breakOff) => {
  const before = app.metrics.ownFaults;
  const client = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {});
  const entered = once(app.server, 'request') as Promise<[IncomingMessage]>;
  client.resume().write(`POST /kv HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${sent}`);
  const [asked] = await entered;
  const closed = once(asked, 'close').catch(() => {});
  breakOff(client);
  await closed;
  await app.inject('/thrown');
  // That one alone.
  expect(lines.filter(({ level }) => level === 50)).toHaveLength(1);
  expect(app.metrics.ownFaults - before).toBe(1);
});

describe('the cause of a failure that is codap’s own is in the log, with the request and the query, and in no answer', () => {
  it.each<[string, string, object, (string | undefined)[]]>([
    ['a query', 'application/json', { queries: { a: get } }, ['/a']],
    ['one with a default', 'application/json', { queries: { a: { ...get, default: 1 } } }, ['/a']],
    ['one nested in a list', 'application/json', { queries: { g: { pattern: 'ordered', queries: [get] } } }, ['/g/0']],
    [
      'each item of a forEach',
      'application/json',
      { queries: { a: { ...get, forEach: { $result: '/l' } }, l: { source: 'odd', op: 'ok' } } },
      ['/a/0', '/a/1'],
    ],
    ['one that fails the batch', 'application/json', { onError: 'fail', queries: { a: get } }, ['/a']],
    [
      'one in a race',
      'application/json',
      { queries: { r: { pattern: 'first-reply', take: 1, queries: [get] } } },
      ['/r/0'],
    ],
    ['a frame', 'application/x-ndjson', { queries: { a: get } }, ['/a']],
    ['a list that breaks', 'application/x-ndjson', { queries: { a: list } }, ['/a']],
    ['a list that breaks, as events', 'text/event-stream', { queries: { a: list } }, ['/a']],
    ['an archive of nothing', 'application/zip', { queries: { a: get } }, ['/a']],
    ['a body that breaks in a zip', 'application/zip', { queries: { a: body } }, ['/a']],
    ['a body that breaks in a tar', 'application/x-tar', { queries: { a: body } }, ['/a']],
    ['a body that breaks in a gzipped tar', 'application/gzip', { queries: { a: body } }, ['/a']],
    ['a body that breaks', 'application/octet-stream', { queries: { a: body } }, ['/a']],
    ['a request', 'application/json', { queries: { a: { ...get, params: { refuse: true } } } }, [undefined]],
  ])('%s', async (what, accept, payload, paths) => {
    const id = what.replaceAll(' ', '-');
    const headers = { 'content-type': 'application/json', accept, 'x-request-id': id, traceparent };
    const before = app.metrics.ownFaults;
    const answer = await request(`${url}/kv`, { method: 'POST', headers, body: JSON.stringify(payload) });
    // Or a connection that breaks.
    const text = await answer.body.text().catch(() => '');
    expect(text).not.toMatch(/of undefined|before that|TypeError|at /);
    const told = lines.filter(({ level, requestId }) => level === 50 && requestId === id);
    expect(told.map(({ path }) => path)).toEqual(paths);
    for (const line of told) {
      expectCause(line);
      expect(line.trace_id).toBe(TRACE);
    }
    expect(app.metrics.ownFaults - before).toBe(told.length);
  });

  it('a tool', async () => {
    const before = app.metrics.ownFaults;
    const queries = { a: { ...get, params: { refuse: true } } };
    const params = { name: 'run_batch', arguments: { pattern: 'kv', queries } };
    const answer = await app.inject({
      method: 'POST',
      url: '/mcp',
      payload: { jsonrpc: '2.0', id: 1, method: 'tools/call', params },
      headers: { accept: 'application/json, text/event-stream', 'x-request-id': 'tool', traceparent },
    });
    expect(answer.body).toContain('codap failed to answer this');
    const line = lines.findLast(({ requestId }) => requestId === 'tool') as Line;
    expectCause(line);
    expect(line.trace_id).toBe(TRACE);
    expect(app.metrics.ownFaults - before).toBe(1);
  });

  it('a route', async () => {
    const before = app.metrics.ownFaults;
    const answer = await app.inject({ url: '/thrown', headers: { 'x-request-id': 'thrown' } });
    expect(app.metrics.ownFaults - before).toBe(1);
    expect(answer.json()).toEqual({
      status: 500,
      title: 'Internal Server Error',
      detail: 'codap failed',
      code: 'INTERNAL',
    });
    expectCause(lines.findLast(({ requestId }) => requestId === 'thrown') as Line);
  });

  it('a ping', async () => {
    const before = app.metrics.ownFaults;
    const { sources } = (await app.inject('/health/ready')).json() as { sources: object[] };
    expect(sources).toMatchObject([{ name: 'odd', status: 'down', code: 'INTERNAL' }]);
    expectCause(lines.findLast(({ source }) => source === 'odd') as Line);
    expect(app.metrics.ownFaults - before).toBe(1);
  });
});

/** Kind, text and stack of what was thrown, and of what caused that; nothing secret, and no other field. */
function expectCause(line: Line): void {
  expect(line.level).toBe(50);
  const chain: { type: string; stack: string }[] = [];
  for (let at: object | undefined = line.err; at; at = (at as { cause?: object }).cause) chain.push(at as never);
  expect(chain.map(({ type }) => type).slice(-2)).toEqual(['TypeError', 'RangeError']);
  for (const { stack } of chain) expect(stack).toMatch(/\n +at /);
  expect(JSON.stringify(line)).not.toMatch(/swordfish|field of a driver/);
}

it('a batch whose running itself fails ends as INTERNAL, and all that waits for it', async () => {
  const reported: unknown[] = [];
  const { source } = simulate();
  const { limits } = parseConfig({ sources: {} });
  const wanted = ['value', 'items', 'body'] as const;
  for (const [pattern, want] of PATTERNS.flatMap((one) => wanted.map((want) => [one, want] as const))) {
    const one = { source: 'sim', op: 'get' };
    const group = { pattern: 'ordered', queries: [one] };
    const queries = pattern === 'kv' ? { a: one, b: group, c: { forEach: [1, 2], ...group } } : [one, one];
    const planned = plan(pattern, { queries }, { sources: new Map([['sim', source]]), limits });
    const options: BatchOptions = {
      caller: { headers: {} },
      deadline: performance.now() + 2000,
      timeoutMs: 2000,
      signal: new AbortController().signal,
      memory: unbounded().memory,
      limits,
      // As good as any place to fail in, right where a reply has come.
      get failFast(): boolean {
        throw bug();
      },
      report: (failure) => reported.push(failure),
    };
    const { batch, root } = run(planned, options, { wants: () => want, fewOpen: true });
    expect(await root.reply).toMatchObject({ status: 'error', error: { code: 'INTERNAL' } });
    expect(batch.decidedBy).toMatchObject({ path: [], error: { code: 'INTERNAL', cause: { name: 'TypeError' } } });
    const container = await root.container;
    for (const live of container?.members ?? []) await live.reply;
    for await (const _ of container?.arrivals ?? []);
    expect(reported.pop()).toMatchObject({ path: [], error: { code: 'INTERNAL' } });
  }
});
