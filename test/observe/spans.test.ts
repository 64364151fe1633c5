import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as conventions from '@opentelemetry/semantic-conventions';
import * as incubating from '@opentelemetry/semantic-conventions/incubating';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import type { Exporting } from '../../src/observe/exporting.ts';
import { hashedKey, makeKey } from '../../src/callers/api-keys.ts';
import { Spans } from '../../src/observe/spans.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../otlp-receiver.ts';
import { type Body, type Service, type ServiceOptions, startService, until } from '../service.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;

const EXPORTING: Exporting = {
  protocol: 'http/json',
  sampler: 'parentbased_always_on',
  ratio: 1,
  queue: { scheduledDelayMillis: 5 },
};

const ECHO = { source: 'catalog', op: 'get', params: { path: '/echo' } };

let stores: Stores;
beforeAll(async () => {
  stores = await startStores();
});
afterAll(() => stores.close());
afterEach(() => void vi.unstubAllEnvs());

interface Traced extends AsyncDisposable {
  readonly service: Service;
  readonly receiver: OtlpReceiver;
  /** What was logged. */
  readonly lines: readonly string[];
  /** Posts it with this trace context; gives its answer and the spans of the trace, once so many are here. */
  ask(queries: object, count: number, more?: object): Promise<{ answer: Body; spans: readonly ReceivedSpan[] }>;
  /** Ends the service and its exports. */
  close(): Promise<void>;
}

/** A service whose traces are exported to a receiver. */
async function traced(
  exporting: Partial<Exporting> = {},
  {
    withValues = false,
    receiving,
    ...options
  }: ServiceOptions & { withValues?: boolean; receiving?: { status: number } } = {},
): Promise<Traced> {
  const receiver = await startOtlpReceiver();
  Object.assign(receiver.answer, receiving);
  const lines: string[] = [];
  const log = (_fields: unknown, text?: string): void => void lines.push(text ?? String(_fields));
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  const spans = new Spans({ ...EXPORTING, ...exporting }, { warn: log, info: log });
  const service = await startService({ stores, spans, server: { traceStatements: withValues }, ...options });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= service.close().then(() => spans.close()));
  return {
    close,
    service,
    receiver,
    lines,
    async ask(queries, count, more) {
      const answer = await service.post('/kv', { ...more, queries }, { traceparent: TRACEPARENT });
      return { answer: answer.json(), spans: await receiver.trace(TRACE, count) };
    },
    async [Symbol.asyncDispose]() {
      await close();
      await receiver[Symbol.asyncDispose]();
    },
  };
}

/** The spans below one, by name. */
const below = (spans: readonly ReceivedSpan[], parent: ReceivedSpan): readonly ReceivedSpan[] =>
  spans.filter(({ parentSpanId }) => parentSpanId === parent.spanId);

const ofPath = (spans: readonly ReceivedSpan[], path: string): ReceivedSpan =>
  spans.find(({ attributes }) => attributes['codap.path'] === path)!;

/** None begins before what it stands in, or ends after it. */
function expectWithin(spans: readonly ReceivedSpan[]): void {
  for (const span of spans) {
    const { started, ended } = spans.find(({ spanId }) => spanId === span.parentSpanId) ?? span;
    expect(span.started).toBeGreaterThanOrEqual(started - 0.002);
    expect(span.ended).toBeLessThanOrEqual(ended + 0.002);
    expect(span.ended).toBeGreaterThanOrEqual(span.started);
  }
}

describe('the spans of a batch', () => {
  it('name the caller, by its name in the configuration', async () => {
    const key = makeKey();
    await using codap = await traced({}, { callers: { web: { keys: [hashedKey(key)], adhoc: true } } });
    await codap.service.post('/kv', { queries: {} }, { traceparent: TRACEPARENT, 'x-api-key': key });
    const [span] = await codap.receiver.trace(TRACE, 1);
    expect(span!.attributes).toMatchObject({ 'enduser.id': 'web', 'url.scheme': 'http' });
    expect(JSON.stringify(span)).not.toContain(key);
  });

  it('are one of the batch, one of each query, one of each attempt, each the child of what it stands in', async () => {
    await using codap = await traced();
    const { spans } = await codap.ask(
      {
        user: { source: 'shop', op: 'findOne', params: { collection: 'users' } },
        list: { source: 'photos', op: 'listObjects' },
        both: {
          pattern: 'ordered',
          queries: [
            {
              source: 'catalog',
              op: 'get',
              forEach: ['a', 'b'],
              params: { path: '/echo', query: { q: { $item: '' } } },
            },
          ],
        },
      },
      11,
    );
    const root = spans.find(({ kind }) => kind === 'server')!;
    expect(root).toMatchObject({ parentSpanId: PARENT, name: 'POST /kv', isError: false });
    expect(root.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/kv',
      'http.response.status_code': 200,
    });
    expect(below(spans, root).map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'internal shop findOne',
      'internal photos listObjects',
      'internal ordered',
    ]);
    const [find] = below(spans, ofPath(spans, '/user'));
    expect(find).toMatchObject({ kind: 'client', name: 'find users', isError: false });
    expect(find!.attributes).toEqual({
      'db.system.name': 'mongodb',
      'db.namespace': 'shop',
      'db.collection.name': 'users',
      'db.operation.name': 'find',
    });
    const [listed] = below(spans, ofPath(spans, '/list'));
    expect(listed).toMatchObject({ kind: 'client', name: 'S3.ListObjectsV2' });
    expect(listed!.attributes).toMatchObject({ 'http.request.method': 'GET', 'aws.s3.bucket': 'photos' });
    const [each] = below(spans, ofPath(spans, '/both'));
    expect(each).toMatchObject({ kind: 'internal', name: 'forEach' });
    expect(below(spans, each!).map(({ attributes }) => attributes['codap.path'])).toEqual(['/both/0/0', '/both/0/1']);
    const [echo] = below(spans, ofPath(spans, '/both/0/1'));
    expect(echo).toMatchObject({ kind: 'client', name: 'GET' });
    expect(echo!.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
      'server.port': expect.any(Number) as number,
    });
    expect(spans).toHaveLength(11);
    expectWithin(spans);
    expect(Math.abs(root.ended - Date.now())).toBeLessThan(5000);
  });

  it('have the names of the conventions, or begin with codap', async () => {
    const known = new Set<unknown>([conventions, incubating].flatMap((names: object) => Object.values(names)));
    await using codap = await traced({}, { withValues: true });
    const { spans } = await codap.ask(
      {
        a: { source: 'shop', op: 'find', params: { collection: 'users' } },
        b: { source: 'photos', op: 'getObject', params: { key: 'none' } },
        c: { source: 'catalog', op: 'get', params: { path: '/none' } },
        d: { source: 'photos', op: 'presignGetObject', params: { key: 'none' } },
      },
      9,
    );
    const names = new Set(spans.flatMap(({ attributes }) => Object.keys(attributes)));
    expect([...names].filter((name) => !known.has(name) && !name.startsWith('codap.'))).toEqual([]);
    const told = codap.receiver.resources[0]!;
    expect(told).toMatchObject({ 'service.name': 'codap', 'service.version': expect.any(String) as string });
    expect(told).toHaveProperty(['service.instance.id']);
  });

  it('tell of attempts that failed, each with what it failed with', async () => {
    await using store = await startRestStore();
    store.statuses.push(503, 200);
    await using codap = await traced({}, { sources: { own: store.source } });
    const { answer, spans } = await codap.ask({ a: { source: 'own', op: 'get', params: { path: '/a' } } }, 4);
    expect(answer.complete).toBe(true);
    expect(ofPath(spans, '/a')).toMatchObject({ isError: false, attributes: { 'codap.status': 'ok' } });
    const attempts = below(spans, ofPath(spans, '/a'));
    expect(attempts.map(({ isError }) => isError)).toEqual([true, false]);
    expect(attempts.map(({ attributes }) => attributes['error.type'])).toEqual(['UNAVAILABLE', undefined]);
    expect(attempts.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([503, 200]);
    expect(attempts.map(({ attributes }) => attributes['http.request.resend_count'])).toEqual([undefined, 1]);
  });

  it('tell which attempt was a hedge, and that the other one was not needed any more', async () => {
    await using store = await startRestStore();
    await using codap = await traced(
      {},
      { sources: { own: { ...store.source, hedge: { percentile: 0.5 }, coalesce: false } } },
    );
    const get = (path: string) => ({ source: 'own', op: 'get', params: { path } });
    await codap.service.kv({ a: { ...get('/a'), forEach: Array.from({ length: 100 }, (_, at) => at) } });
    const { spans } = await codap.ask({ a: get('/stall-once') }, 4);
    const attempts = below(spans, ofPath(spans, '/a'));
    const told = attempts.map(({ attributes, isError }) => [
      attributes['codap.hedge'],
      attributes['error.type'],
      isError,
    ]);
    expect(told).toEqual([
      [undefined, 'CANCELLED', false],
      [true, undefined, false],
    ]);
  });

  it('tell which query failed, was skipped, or was not needed', async () => {
    await using store = await startRestStore();
    store.statuses.push(404);
    await using codap = await traced({}, { sources: { own: store.source } });
    const get = (path: unknown, more: object = {}) => ({ source: 'own', op: 'get', params: { path }, ...more });
    const { spans } = await codap.ask(
      {
        lost: get('/lost'),
        after: get([{ $result: '/lost/id' }]),
        off: get('/off', { when: false }),
        raced: { pattern: 'first-reply', take: 1, queries: [get('/stall'), get('/b')] },
        later: { pattern: 'first-reply', take: 1, hedgeMs: 5000, queries: [get('/c'), get('/d')] },
      },
      13,
    );
    const told = (path: string) => {
      const { isError, attributes } = ofPath(spans, path);
      return [attributes['codap.status'], attributes['error.type'], isError];
    };
    expect(told('/lost')).toEqual(['error', 'NOT_FOUND', true]);
    expect(told('/after')).toEqual(['skipped', undefined, false]);
    expect(told('/off')).toEqual(['skipped', undefined, false]);
    expect(told('/raced/0')).toEqual(['error', 'CANCELLED', false]);
    expect(told('/raced/1')).toEqual(['ok', undefined, false]);
    expect(told('/later/0')).toEqual(['ok', undefined, false]);
    expect(ofPath(spans, '/later/1')).toBeUndefined();
    for (const path of ['/after', '/off']) expect(below(spans, ofPath(spans, path))).toEqual([]);
  });

  it.each([
    [503, 'application/json', 502, 'UNAVAILABLE'],
    [404, 'application/json', 404, undefined],
    [503, 'application/x-ndjson', 200, 'UNAVAILABLE'],
    [404, 'application/x-ndjson', 200, undefined],
  ])('of a batch that fails for a %d, %s: %d, error %s', async (fails, accept, status, type) => {
    await using store = await startRestStore();
    store.statuses.push(200, fails);
    await using codap = await traced({}, { sources: { own: { ...store.source, retry: false } } });
    const get = (path: string, more: object = {}) => ({ source: 'own', op: 'get', params: { path }, ...more });
    const when = { equals: [{ $result: '/a' }, {}] };
    const queries = { a: get('/a'), b: get('/b', { when, required: true }) };
    await codap.service.post('/kv', { queries }, { accept, traceparent: TRACEPARENT });
    const root = (await codap.receiver.trace(TRACE, 5)).find(({ kind }) => kind === 'server')!;
    expect(root.isError).toBe(type !== undefined);
    expect(root.attributes['http.response.status_code']).toBe(status);
    expect(root.attributes['error.type']).toBe(type);
  });

  it('are one of a batch that is refused, which is no failure', async () => {
    await using codap = await traced();
    const { spans } = await codap.ask({ a: { source: 'nobody' } }, 1);
    expect(spans).toMatchObject([{ kind: 'server', isError: false, attributes: { 'http.response.status_code': 400 } }]);
  });

  it.each(['application/json', 'application/x-ndjson', 'application/zip'])('come of %s too', async (accept) => {
    await using codap = await traced();
    const queries = { a: { source: 'photos', op: 'listObjects' }, b: ECHO };
    const { status, text } = await codap.service.post('/kv', { queries }, { accept, traceparent: TRACEPARENT });
    expect(status).toBe(200);
    expect(text).not.toContain('"trace"');
    expect(await codap.receiver.trace(TRACE, 5)).toHaveLength(5);
  });

  it('are one of each part that a body in an archive is read in', async () => {
    await using codap = await traced();
    const queries = { a: { source: 'photos', op: 'getObject', params: { key: 'B-101.jpg' } } };
    await codap.service.post('/kv', { queries }, { accept: 'application/zip', traceparent: TRACEPARENT });
    const spans = await codap.receiver.trace(TRACE, 3);
    expect(below(spans, ofPath(spans, '/a'))).toMatchObject([{ name: 'S3.GetObject', isError: false }]);
  });

  describe('of a body that flows', () => {
    const BYTES = 300_000;
    const film = { source: 'files', op: 'getObject', params: { key: 'long.bin' } };
    beforeAll(async () => {
      await stores.putSynthetic('files', 'long.bin', BYTES);
    });
    afterEach(() => stores.clearFaults());

    it.each([
      ['application/zip', film, ['/a'], 2],
      ['application/x-tar', film, ['/a'], 2],
      ['application/zip', { pattern: 'kv', queries: { b: film } }, ['/a', '/a/b'], 2],
      ['application/zip', { ...film, forEach: [1] }, ['/a', '/a/0'], 2],
      ['application/zip', { pattern: 'first-reply', take: 1, queries: [film] }, ['/a', '/a/0'], 2],
      ['application/octet-stream', film, ['/a'], 1],
      ['application/octet-stream', { pattern: 'first-reply', take: 1, queries: [film] }, ['/a', '/a/0'], 1],
    ])('end once it was read, or its client has left, each within what it stands in: %s %j', async (...told) => {
      const [accept, a, paths, attempts] = told;
      await using codap = await traced();
      // Its beginning takes some 65 ms, all of it 300.
      await stores.addFault({ store: 's3', match: 'GetObject long', fault: { kind: 'drip', bytesPerSecond: 1e6 } });
      for (const leaves of [false, true]) {
        codap.receiver.clear();
        const body = JSON.stringify({ queries: { a } });
        const type = { 'content-type': 'application/json', accept, traceparent: TRACEPARENT };
        const answer = await fetch(`${codap.service.url}/kv`, { method: 'POST', body, headers: type });
        const reader = answer.body!.getReader();
        const most = leaves ? BYTES * 0.75 : Infinity;
        for (let read = 0; read < most;) {
          const { done, value } = await reader.read();
          if (done) break;
          read += value.length;
        }
        await reader.cancel();
        const spans = await codap.receiver.trace(TRACE, 1 + paths.length + attempts);
        expectWithin(spans);
        const opened = Math.max(...spans.filter(({ kind }) => kind === 'client').map(({ ended }) => ended));
        for (const path of paths) expect(ofPath(spans, path).ended - opened).toBeGreaterThan(20);
      }
    });

    it('tell of raw bytes that break that their batch has failed', async () => {
      await using codap = await traced();
      await stores.addFault({ store: 's3', match: 'GetObject long', fault: { kind: 'cut', afterBytes: 100_000 } });
      const headers = { accept: 'application/octet-stream', traceparent: TRACEPARENT };
      await expect(codap.service.post('/kv', { queries: { film } }, headers)).rejects.toThrow();
      const root = (await codap.receiver.trace(TRACE, 3)).find(({ kind }) => kind === 'server')!;
      expect(root.isError).toBe(true);
      expect(root.attributes).toMatchObject({ 'http.response.status_code': 200, 'error.type': 'UNAVAILABLE' });
    });
  });

  it('change nothing of what an answer shows of its own trace', async () => {
    await using codap = await traced();
    const { answer } = await codap.ask({ a: ECHO }, 3, { trace: true });
    expect(answer.results.a.trace).toMatchObject({ attempts: [{}], after: [] });
    expect(Object.keys(answer.results.a.trace.attempts[0])).toEqual(['started', 'ended']);
    expect(answer.trace).toHaveProperty('plannedMs');
  });

  it('come also where the client leaves', async () => {
    await using store = await startRestStore();
    await using codap = await traced({}, { sources: { own: store.source } });
    const client = new AbortController();
    const body = { queries: { a: { source: 'own', op: 'get', params: { path: '/stall' } } } };
    const asked = codap.service.post('/kv', body, { traceparent: TRACEPARENT }, client.signal);
    await until(() => store.seen.length > 0);
    client.abort();
    await expect(asked).rejects.toThrow();
    const spans = await codap.receiver.trace(TRACE, 3);
    expect(spans.map(({ isError }) => isError)).toEqual([false, false, false]);
    expect(ofPath(spans, '/a').attributes['error.type']).toBe('CANCELLED');
    const root = spans.find(({ kind }) => kind === 'server');
    expect(root?.attributes).not.toHaveProperty('http.response.status_code');
    expectWithin(spans);
  });

  describe('of a call that goes on for another batch once the first has ended', () => {
    const OTHER = TRACE.replace('4', '5');
    const [first, other] = [
      { traceparent: TRACEPARENT, tracestate: 'first=1' },
      { traceparent: TRACEPARENT.replace(TRACE, OTHER), tracestate: 'other=1' },
    ];
    const get = (path: string, more: object = {}) => ({ source: 'own', op: 'get', params: { path }, ...more });
    const held = get('/held');
    const inTime = { a: { ...held, timeoutMs: 500, default: true }, last: get('/stall', { when: { $result: '/a' } }) };

    it.each([
      ['its client leaves', { queries: { a: held } }, 'left', [503, 200], 'CANCELLED', 3],
      ['its time is over', { timeoutMs: 500, queries: { a: held } }, undefined, [503, 200], 'TIMEOUT', 3],
      ['the store fails then', { timeoutMs: 500, queries: { a: held } }, undefined, [404], 'TIMEOUT', 3],
      ['its query alone has ended', { queries: inTime }, '/stall', [503, 200], 'TIMEOUT', 5],
    ])('end with it, and those that begin then are of the other one: %s', async (...told) => {
      const [, body, ends, statuses, type, count] = told;
      await using store = await startRestStore();
      await using codap = await traced({}, { sources: { own: store.source } });
      const leaving = new AbortController();
      codap.service.post('/kv', body, first, leaving.signal).catch(() => {});
      await until(() => store.held.length === 1);
      const two = codap.service.post('/kv', { trace: true, queries: { a: held, b: get('/b') } }, other);
      // It has joined by then: its queries are asked in their order.
      await until(() => store.paths.includes('/b'));
      if (ends === 'left') leaving.abort();
      await (ends === '/stall' ? until(() => store.paths.includes(ends)) : codap.receiver.trace(TRACE, count));
      for (const [at, status] of statuses.entries()) {
        await until(() => store.held.length > at);
        store.held[at]!(status);
      }
      const { trace } = (await two).json().results.a;
      leaving.abort();
      const mine = await codap.receiver.trace(TRACE, count);
      const others = await codap.receiver.trace(OTHER, 3 + statuses.length);
      for (const spans of [mine, others]) expectWithin(spans);
      const [attempt] = below(mine, ofPath(mine, '/a'));
      const isError = type !== 'CANCELLED';
      expect(attempt).toMatchObject({ isError, attributes: { 'codap.goes_on': true, 'error.type': type } });
      expect(attempt?.attributes).not.toHaveProperty('http.response.status_code');
      const later = below(others, ofPath(others, '/a'));
      expect(later.map(({ attributes }) => attributes['http.response.status_code'])).toEqual(statuses.slice(1));
      expect(trace).toMatchObject({ shared: 'coalesced', attempts: later.map(() => ({})) });
      expect(store.seen.filter((_seen, at) => store.paths[at] === '/held')).toEqual([
        { traceparent: `00-${TRACE}-${attempt?.spanId}-01`, tracestate: 'first=1' },
        ...later.map(({ spanId }) => ({ traceparent: `00-${OTHER}-${spanId}-01`, tracestate: 'other=1' })),
      ]);
    });
  });
});

describe('the trace context', () => {
  it("goes out to a REST store as its attempt's own span, with the tracestate as it came", async () => {
    await using store = await startRestStore();
    store.statuses.push(503, 200);
    const own = { ...store.source, forwardHeaders: ['traceparent', 'tracestate'] };
    await using codap = await traced({}, { sources: { own } });
    const body = { queries: { a: { source: 'own', op: 'get', params: { path: '/a' } } } };
    await codap.service.post('/kv', body, { traceparent: TRACEPARENT, tracestate: 'v=1' });
    const spans = await codap.receiver.trace(TRACE, 4);
    const attempts = below(spans, ofPath(spans, '/a'));
    expect(store.seen).toEqual(
      attempts.map(({ spanId }) => ({ traceparent: `00-${TRACE}-${spanId}-01`, tracestate: 'v=1' })),
    );
  });

  it('begins with the batch where none came, whatever the tracestate', async () => {
    await using store = await startRestStore();
    await using codap = await traced({}, { sources: { own: store.source } });
    await codap.service.post('/kv', { queries: { a: { source: 'own', op: 'get' } } }, { tracestate: 'v=1' });
    expect(store.seen[0]?.tracestate).toBeUndefined();
    const [, traceId = ''] = String(store.seen[0]?.traceparent).split('-');
    const root = (await codap.receiver.trace(traceId, 3)).find(({ kind }) => kind === 'server');
    expect(root?.parentSpanId).toBeUndefined();
  });

  it.each([
    ['', { trace: false }],
    [', also where its answer shows its own', { trace: true }],
  ])("that is not sampled goes on as the batch's own span, and nothing of it is exported%s", async (_how, more) => {
    await using store = await startRestStore();
    store.statuses.push(503, 200);
    await using codap = await traced({}, { sources: { own: store.source } });
    const body = { ...more, queries: { a: { source: 'own', op: 'get' } } };
    await codap.service.post('/kv', body, { traceparent: TRACEPARENT.replace(/01$/, '00') });
    const [first, again] = store.seen;
    expect(first?.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
    expect([store.seen.length, again?.traceparent]).toEqual([2, first?.traceparent]);
    await codap.ask({}, 1);
    expect(codap.receiver.spans).toHaveLength(1);
  });

  it.each([
    ['always_off', 1, 0],
    ['parentbased_always_off', 1, 0],
    ['traceidratio', 0, 0],
    ['parentbased_traceidratio', 0, 0],
    ['parentbased_traceidratio', 1, 1],
    ['always_on', 0, 1],
  ] as const)('of a new trace is sampled as %s with %d says', async (sampler, ratio, sampled) => {
    await using store = await startRestStore();
    await using codap = await traced({ sampler, ratio }, { sources: { own: store.source } });
    await codap.service.kv({ a: { source: 'own', op: 'get' } });
    expect(store.seen[0]?.traceparent?.slice(-2)).toBe(`0${sampled}`);
  });

  it.each([
    ['no trace context', 'x'],
    ['a version that is none', TRACEPARENT.replace('00-', 'ff-')],
    ['more than its version has', `${TRACEPARENT}-more`],
    ['capitals', TRACEPARENT.toUpperCase()],
    ['a trace that is none', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['a parent that is none', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['two', `${TRACEPARENT}, ${TRACEPARENT}`],
    ['very much', '00-'.padEnd(8000, 'a')],
  ])('that is %s is not taken: the batch begins a trace', async (_what, hostile) => {
    await using store = await startRestStore();
    await using codap = await traced({}, { sources: { own: store.source } });
    const body = { queries: { a: { source: 'own', op: 'get' } } };
    const { status } = await codap.service.post('/kv', body, { traceparent: hostile, tracestate: 'v=1' });
    expect(status).toBe(200);
    const [, traceId = ''] = String(store.seen[0]?.traceparent).split('-');
    expect(traceId).not.toBe(TRACE);
    expect(store.seen[0]?.tracestate).toBeUndefined();
    expect(
      (await codap.receiver.trace(traceId, 3)).find(({ kind }) => kind === 'server')?.parentSpanId,
    ).toBeUndefined();
  });
});

describe('values', () => {
  const SECRET = 'seeded-value-4711';
  const queries: Record<string, object> = {
    a: { source: 'shop', op: 'find', params: { collection: 'users', filter: { name: SECRET, age: { $gt: 1 } } } },
    b: { source: 'shop', op: 'aggregate', params: { collection: 'users', pipeline: [{ $match: { name: SECRET } }] } },
    c: { source: 'photos', op: 'getObject', params: { key: SECRET } },
    d: {
      source: 'catalog',
      op: 'get',
      params: { path: ['x', SECRET], query: { q: SECRET }, headers: { accept: `text/${SECRET}` } },
    },
    e: { source: 'catalog', op: 'post', params: { path: '/echo', body: { q: SECRET } }, default: SECRET },
    f: { source: 'catalog', op: 'get', params: { path: '/echo' }, select: { [SECRET]: '/x' } },
    g: { source: 'catalog', op: 'get', forEach: [SECRET], params: { path: [{ $item: '' }] } },
    h: { source: 'photos', op: 'listObjects', params: { prefix: SECRET } },
  };

  it('of a query stand in no span', async () => {
    await using codap = await traced();
    await codap.ask(queries, 17);
    const all = Buffer.concat(codap.receiver.exports.map(({ body }) => body)).toString();
    expect(all).toContain('codap.path');
    expect(all).not.toContain(SECRET);
  });

  it('stand in it where statements are traced, cut to a bounded length', async () => {
    await using codap = await traced({}, { withValues: true });
    const long = { $in: Array.from({ length: 300 }, () => SECRET) };
    const path = ['x', ...Array.from({ length: 90 }, () => 'y'.repeat(60))];
    const { spans } = await codap.ask(
      {
        ...queries,
        f: {
          source: 'shop',
          op: 'findOne',
          params: { collection: 'users', filter: { _id: { $oid: '507f1f77bcf86cd799439011' }, name: long } },
        },
        i: { source: 'catalog', op: 'get', params: { path } },
      },
      19,
    );
    const told = (path: string) => below(spans, ofPath(spans, path))[0]!.attributes;
    expect(told('/a')['db.query.text']).toContain(`"filter":{"name":"${SECRET}","age":{"$gt":1}}`);
    expect(told('/b')['db.query.text']).toContain(`"pipeline":[{"$match":{"name":"${SECRET}"}},{"$limit":10001}]`);
    expect(told('/c')['aws.s3.key']).toBe(`public/${SECRET}`);
    expect(told('/d')['url.full']).toBe(`${stores.restUrl}/x/${SECRET}?q=${SECRET}`);
    const text = String(told('/f')['db.query.text']);
    expect(text).toContain('"_id":{"$oid":"507f1f77bcf86cd799439011"}');
    expect(text).toHaveLength(2049);
    expect(String(told('/i')['url.full'])).toHaveLength(2048);
  });
});

describe('a collector that is down', () => {
  it('costs a batch nothing, and one line of the log, and one once it is there again', async () => {
    // Too short for the exporter to try the same again.
    vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '500');
    await using codap = await traced({}, { receiving: { status: 503 } });
    const ask = () => codap.service.kv({ a: ECHO });
    await until(async () => {
      expect(await ask()).toMatchObject({ complete: true });
      return codap.receiver.exports.length >= 5;
    }, 'several exports have failed');
    await until(() => codap.lines.length > 0);
    expect(codap.lines).toEqual(['traces cannot be exported']);
    codap.receiver.answer.status = 200;
    await until(async () => {
      await ask();
      return codap.lines.length > 1;
    }, 'one has succeeded');
    expect(codap.lines).toEqual(['traces cannot be exported', 'traces are exported again']);
  });

  it('has spans dropped, not kept', async () => {
    await using codap = await traced({
      queue: { maxQueueSize: 10, maxExportBatchSize: 5, scheduledDelayMillis: 60_000 },
    });
    codap.receiver.answer.hangs = true;
    for (let at = 0; at < 20; at += 1) await codap.service.kv({ a: ECHO });
    await until(() => codap.receiver.exports.length > 0);
    codap.receiver.answer.hangs = false;
    await codap.close();
    expect(codap.receiver.spans.length).toBeLessThanOrEqual(15);
  });
});

/**
 * A REST store that answers with these statuses, then 200, `/held` once it is told with which, and notes the
 * path and trace context of each request.
 */
async function startRestStore() {
  const statuses: number[] = [];
  const paths: string[] = [];
  const held: ((status: number) => void)[] = [];
  const seen: { traceparent: string | undefined; tracestate: string | undefined }[] = [];
  const server = createServer(({ url, headers }, response) => {
    seen.push({ traceparent: headers['traceparent'] as string, tracestate: headers['tracestate'] as string });
    const stalls = url === '/stall' || (url === '/stall-once' && !paths.includes(url));
    paths.push(url!);
    const answer = (status: number): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    };
    if (url === '/held') held.push(answer);
    else if (!stalls) answer(statuses.shift() ?? 200);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    statuses,
    paths,
    held,
    seen,
    source: { adapter: 'rest', url },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
