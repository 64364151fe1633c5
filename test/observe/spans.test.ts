import * as conventions from '@opentelemetry/semantic-conventions';
import * as incubating from '@opentelemetry/semantic-conventions/incubating';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import type { Exporting } from '../../src/observe/exporting.ts';
import { Spans } from '../../src/observe/spans.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../otlp-receiver.ts';
import { type Service, type ServiceOptions, startService } from '../service.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;

const EXPORTING: Exporting = {
  protocol: 'http/json',
  sampler: 'parentbased_always_on',
  ratio: 1,
  queue: { scheduledDelayMillis: 5 },
};

let stores: Stores;
beforeAll(async () => {
  stores = await startStores();
});
afterAll(() => stores.close());
afterEach(() => void vi.unstubAllEnvs());

interface Traced extends AsyncDisposable {
  readonly service: Service;
  readonly receiver: OtlpReceiver;
  readonly lines: readonly string[];
  /** Posts it with this trace context, and gives its answer and so many spans of the trace. */
  ask(queries: object, count: number, more?: object): Promise<{ answer: any; spans: readonly ReceivedSpan[] }>; // oxlint-disable-line typescript/no-explicit-any
}

/** A service whose traces are exported to a receiver. */
async function traced(
  exporting: Partial<Exporting> = {},
  { withValues = false, status = 200, ...options }: ServiceOptions & { withValues?: boolean; status?: number } = {},
): Promise<Traced> {
  const receiver = await startOtlpReceiver(status);
  const lines: string[] = [];
  const log = (_fields: unknown, text?: string): void => void lines.push(text ?? String(_fields));
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  const spans = new Spans({ ...EXPORTING, ...exporting }, withValues, { warn: log, info: log });
  const service = await startService({ stores, spans, ...options });
  return {
    service,
    receiver,
    lines,
    async ask(queries, count, more) {
      const answer = await service.post('/kv', { ...more, queries }, { traceparent: TRACEPARENT });
      return { answer: answer.json(), spans: await receiver.trace(TRACE, count) };
    },
    async [Symbol.asyncDispose]() {
      await service.close();
      await spans.close();
      await receiver[Symbol.asyncDispose]();
    },
  };
}

/** The spans below one, by name. */
const below = (spans: readonly ReceivedSpan[], parent: ReceivedSpan): readonly ReceivedSpan[] =>
  spans.filter(({ parentSpanId }) => parentSpanId === parent.spanId);

const ofPath = (spans: readonly ReceivedSpan[], path: string): ReceivedSpan =>
  spans.find(({ attributes }) => attributes['codap.path'] === path)!;

describe('the spans of a batch', () => {
  it('are one of the batch, one of each query, one of each attempt, each the child of what it stands in', async () => {
    await using codap = await traced();
    const { spans } = await codap.ask(
      {
        user: { source: 'shop', op: 'findOne', params: { collection: 'users' } },
        list: { source: 'photos', op: 'listObjects' },
        both: {
          pattern: 'ordered',
          queries: [{ source: 'catalog', op: 'get', forEach: ['a', 'b'], params: { path: '/echo' } }],
        },
      },
      10,
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
    expect(spans).toHaveLength(10);
    for (const { started, ended } of spans) {
      expect(started).toBeGreaterThanOrEqual(root.started - 0.01);
      expect(ended).toBeLessThanOrEqual(root.ended + 0.01);
      expect(ended).toBeGreaterThanOrEqual(started);
    }
    expect(Math.abs(root.ended - Date.now())).toBeLessThan(5000);
  });

  it('have the names of the conventions, or begin with codap', async () => {
    const known = new Set<unknown>([...Object.values(conventions), ...Object.values(incubating)]);
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

  it('tell of failures, retries and what was skipped', async () => {
    await using codap = await traced({}, { sources: { catalog: { retry: { attempts: 2, perSecond: 10 } } } });
    const { answer, spans } = await codap.ask(
      {
        lost: { source: 'catalog', op: 'get', params: { path: '/none' } },
        down: { source: 'gone', op: 'get', params: { path: '/' } },
        after: { source: 'catalog', op: 'get', params: { path: [{ $result: '/lost/a' }] } },
        off: { source: 'catalog', op: 'get', params: { path: '/echo' }, when: false },
      },
      7,
    ).catch(() => ({ answer: undefined, spans: [] }));
    expect(answer).toBeUndefined();
    expect(spans).toEqual([]);
  });
});
