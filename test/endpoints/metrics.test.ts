import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FORMATS } from '../../src/observe/exposition.ts';
import { readMetrics, valueIn } from '../observe/open-metrics.ts';
import { type Service, startService, until } from '../service.ts';

const [OPEN, CLASSIC] = FORMATS;
let service: Service;
beforeAll(async () => {
  service = await startService({ limits: { bodyBytes: 10_000 } });
});
afterAll(() => service.close());
afterEach(() => service.stores.clearFaults());

/** Has calls of `SLOW` stand long enough to be looked at, until the faults are cleared. */
const holdSlow = () =>
  service.stores.addFault({ store: 'rest', match: 'GET /eu/quote', fault: { kind: 'delay', ms: 1000 } });

const CANCELLED = { pattern: 'kv', batch: '', outcome: 'cancelled' };

const scrape = async () => readMetrics((await service.get('/metrics')).text);
const COVER = { source: 'photos', op: 'getObject', params: { key: 'covers/B-101.svg' } };
const ADA = { source: 'shop', op: 'findOne', params: { collection: 'users', filter: { email: 'ada@shop.example' } } };
const NOWHERE = { source: 'catalog', op: 'get', params: { path: '/nowhere' } };
/** It refers to what is not there. */
const LOST = { source: 'catalog', op: 'get', params: { path: ['stock', { $result: '/ada/no-such-field' }] } };
const SLOW = { source: 'pricing-eu', op: 'get', params: { path: '/quote', query: { sku: 'B-101' } } };

/** How much a series has grown by what is done in between. */
async function growth(name: string, labels: Record<string, string>, done: () => Promise<unknown>): Promise<number> {
  const before = valueIn(await scrape(), name, labels) ?? 0;
  await done();
  let after = before;
  // A connection lets go of an answer a moment after its client has it.
  await until(async () => (after = valueIn(await scrape(), name, labels) ?? 0) > before, `${name} grows`).catch(
    () => {},
  );
  return after - before;
}

describe('GET /metrics', () => {
  it('is OpenMetrics, and says when it may be kept', async () => {
    const { status, headers, text } = await service.get('/metrics');
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([200, OPEN, 'no-store']);
    expect(headers['vary']).toContain('Accept');
    const families = readMetrics(text);
    expect([...families.keys()]).toEqual(expect.arrayContaining(['codap_refused', 'process_cpu_seconds']));
  });

  it.each([
    ['', OPEN],
    ['*/*', OPEN],
    ['text/html,application/xhtml+xml,*/*;q=0.8', OPEN],
    ['image/png', OPEN],
    ['text/plain', CLASSIC],
    ['text/plain;version=0.0.4;q=0.5,*/*;q=0.1', CLASSIC],
    ['application/openmetrics-text; version=1.0.0', OPEN],
    ['application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1', CLASSIC],
    [
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
      OPEN,
    ],
  ])('for Accept: %s is %s', async (accept, format) => {
    const { headers, text } = await service.get('/metrics', accept === '' ? {} : { accept });
    expect(headers['content-type']).toBe(format);
    const families = readMetrics(text, { classic: format === CLASSIC });
    expect(families.has(format === OPEN ? 'codap_refused' : 'codap_refused_total')).toBe(true);
  });

  it('tells of faults of codap’s own before there is one, so that the first is seen to be more', async () => {
    expect(valueIn(await scrape(), 'codap_internal_errors_total')).toBe(0);
  });

  it('takes no URL parameter and no other method', async () => {
    expect((await service.get('/metrics?name=codap')).status).toBe(400);
    expect((await service.post('/metrics', {})).status).toBe(405);
    expect((await service.get('/metrics', {}, 'HEAD')).status).toBe(200);
  });

  it.each([
    ['complete', { queries: { ada: ADA } }],
    ['incomplete', { queries: { ada: ADA, nowhere: NOWHERE } }],
    ['incomplete', { queries: { nowhere: { ...NOWHERE, default: 1 } } }],
    ['failed', { queries: { nowhere: NOWHERE }, onError: 'fail' }],
    ['invalid', { queries: { ada: { source: 'nobody', op: 'find' } } }],
    ['invalid', '{'],
    ['invalid', JSON.stringify({ queries: { a: 'x'.repeat(20_000) } })],
  ])('counts a batch as %s: %j', async (outcome, body) => {
    const labels = { pattern: 'kv', batch: '', outcome };
    expect(await growth('codap_batches_total', labels, () => service.post('/kv', body))).toBe(1);
    expect(await growth('codap_batch_seconds_count', labels, () => service.post('/kv', body))).toBe(1);
  });

  it.each([
    ['404', { queries: { nowhere: { ...NOWHERE, required: true } } }],
    ['422', { queries: { ada: ADA, b: { ...LOST, required: true } } }],
    ['504', { queries: { slow: { ...SLOW, timeoutMs: 20, required: true } } }],
  ])('counts a batch that failed with the status that it failed by: %s', async (status, body) => {
    await holdSlow();
    expect(await growth('codap_failed_batches_total', { status }, () => service.post('/kv', body))).toBe(1);
  });

  it('counts a batch as cancelled where its client leaves', async () => {
    await holdSlow();
    const labels = { pattern: 'ordered', batch: '', outcome: 'cancelled' };
    const leaves = async (): Promise<void> => {
      const client = connect(service.port, '127.0.0.1');
      await once(client, 'connect');
      const body = JSON.stringify({ queries: [SLOW] });
      client.write(
        `POST /ordered HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
      await until(async () => valueIn(await scrape(), 'codap_source_running', { source: 'pricing-eu' }) === 1);
      client.destroy();
    };
    expect(await growth('codap_batches_total', labels, leaves)).toBe(1);
  });

  it.each(['destroy', 'resetAndDestroy', 'end'] as const)(
    'counts a batch as cancelled where its client leaves before its body is there: %s',
    async (leave) => {
      const leaves = async (framing: string): Promise<void> => {
        const client = connect(service.port, '127.0.0.1').on('error', () => {});
        await once(client, 'connect');
        const before = await service.connections();
        client.write(`POST /kv HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${framing}`);
        await pause(20);
        client.resume()[leave]();
        await until(async () => (await service.connections()) < before, 'it has left');
      };
      for (const framing of ['content-length: 100\r\n\r\n{', 'transfer-encoding: chunked\r\n\r\n5\r\n{"que\r\n'])
        expect(await growth('codap_batches_total', CANCELLED, () => leaves(framing))).toBe(1);
    },
  );

  it('counts a batch as failed where its answer had to be cut', async () => {
    const labels = { pattern: 'first-reply', batch: '', outcome: 'failed' };
    const queries = [
      { ...COVER, as: 'a' },
      { ...NOWHERE, required: true },
    ];
    const ask = () => service.post('/first-reply', { queries }, { accept: 'application/zip' }).catch(() => {});
    expect(await growth('codap_batches_total', labels, ask)).toBe(1);
  });

  it.each([
    ['ok', ADA],
    ['NOT_FOUND', NOWHERE],
    ['TIMEOUT', { ...SLOW, timeoutMs: 1 }],
  ])('counts a call as %s: %j', async (code, query) => {
    const labels = { source: query.source, op: query.op, code };
    expect(await growth('codap_calls_total', labels, () => service.kv({ query }))).toBe(1);
    expect(await growth('codap_call_seconds_count', labels, () => service.kv({ query }))).toBe(1);
  });

  it('tells how long calls and batches took, in seconds', async () => {
    const before = await scrape();
    const { ms } = await service.post('/kv', { queries: { price: SLOW } });
    const after = await scrape();
    for (const [name, labels] of [
      ['codap_call_seconds_sum', { source: 'pricing-eu', code: 'ok' }],
      ['codap_batch_seconds_sum', { pattern: 'kv', outcome: 'complete' }],
    ] as const) {
      const took = (valueIn(after, name, labels) ?? 0) - (valueIn(before, name, labels) ?? 0);
      expect(took).toBeGreaterThan(0.01);
      expect(took).toBeLessThanOrEqual(ms / 1000);
    }
  });

  it.each([
    ['application/json', { ada: ADA }],
    ['application/x-ndjson', { ada: ADA }],
    ['application/zip', { cover: COVER }],
    ['application/octet-stream', { cover: COVER }],
    ['application/problem+json', { ada: { source: 'nobody' } }],
    ['application/json', { ada: ADA }, '/kv?explain'],
    ['application/problem+json', { ada: { source: 'nobody' } }, '/kv?explain'],
  ])('counts the bytes that are sent: %s', async (encoding, queries, path = '/kv') => {
    let sent = 0;
    const ask = async (): Promise<void> => {
      const accept = encoding === 'application/problem+json' ? 'application/json' : encoding;
      const { headers, text } = await service.post(path, { queries }, { accept });
      sent = Number(headers['content-length'] ?? text.length);
    };
    const counted = await growth('codap_sent_bytes_total', { encoding }, ask);
    expect(sent).toBeGreaterThan(20);
    expect(counted).toBeGreaterThan(sent);
    expect(counted).toBeLessThan(sent + 800);
  });

  it('counts the bytes of each answer as its own where they are asked for one behind the other', async () => {
    const types = ['application/json', 'application/x-tar', 'application/problem+json'];
    const read = async () => {
      const families = await scrape();
      const sent = types.map((encoding) => valueIn(families, 'codap_sent_bytes_total', { encoding }) ?? 0);
      const counts = families.get('codap_batches')?.samples.filter(({ name }) => name.endsWith('_total')) ?? [];
      return { sent, batches: counts.reduce((sum, { value }) => sum + value, 0) };
    };
    const kv = (queries: object, headers = ''): string => {
      const body = JSON.stringify({ queries });
      return `POST /kv HTTP/1.1\r\nhost: localhost\r\n${headers}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    };
    const [json, wrong, tar] = [kv({ ada: ADA }), kv({ ada: 1 }), kv({ COVER }, 'accept: application/x-tar\r\n')];
    const page = 'GET /docs HTTP/1.1\r\nhost: localhost\r\n\r\n';
    const before = await read();
    const client = connect(service.port, '127.0.0.1').setEncoding('latin1');
    client.write([json, tar, json, page, wrong, tar, kv({ ada: ADA }, 'connection: close\r\n')].join(''));
    const answers = (await text(client)).split(/(?=HTTP\/1\.1 )/);
    expect(answers.length).toBe(7);
    const came = types.map((type) =>
      answers.filter((one) => one.includes(`content-type: ${type}`)).reduce((bytes, { length }) => bytes + length, 0),
    );
    let after = before;
    await until(async () => (after = await read()).batches === before.batches + 6, 'all are counted');
    expect(after.sent.map((bytes, at) => bytes - before.sent[at]!)).toEqual(came);
    expect(Math.min(...came)).toBeGreaterThan(0);
  });

  it('counts the bytes of a page, and every value is a number', async () => {
    const page = { pattern: 'kv', template: 'examples/shop/bottom.liquid', queries: { ada: ADA } };
    await using shop = await startOne({}, {}, { page });
    const read = async () => readMetrics((await shop.get('/metrics')).text);
    const sent = async () => valueIn(await read(), 'codap_sent_bytes_total', { encoding: 'text/html' });
    expect(await sent()).toBe(0);
    const { status, text } = await shop.get('/batches/page.html');
    expect([status, text]).toEqual([200, expect.stringContaining('</html>')]);
    await until(async () => (await sent()) !== 0, 'the page is counted');
    expect(await sent()).toBeGreaterThan(text.length);
    expect(await sent()).toBeLessThan(text.length + 800);
    const samples = [...(await read()).values()].flatMap((family) => family.samples);
    expect(samples.filter(({ value }) => !Number.isFinite(value))).toEqual([]);
  });

  it('has no series that a request has named', async () => {
    const series = async () =>
      [...(await scrape()).values()].flatMap(({ samples }) =>
        samples.map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`),
      );
    const odd = 'made-up';
    const known = new Set(await series());
    const bodies = [
      { queries: { a: { source: odd, op: 'find' } } },
      { queries: { a: { ...ADA, op: odd } } },
      { queries: { a: { pattern: odd, queries: [] } } },
      { [odd]: 1 },
    ];
    for (const body of bodies) await service.post('/kv', body, { 'x-request-id': odd, accept: `*/*;x=${odd}` });
    await service.post('/kv', { queries: {} }, { accept: `application/${odd}` });
    await service.post(`/${odd}`, {});
    await service.post(`/kv?${odd}`, {});
    await service.get(`/metrics?${odd}`, { [odd]: odd });
    await pause(20);
    expect((await series()).filter((one) => one.includes(odd))).toEqual([]);
    const outcomes = /"outcome":"(?:invalid|complete)"/;
    expect((await series()).filter((one) => !known.has(one) && !outcomes.test(one))).toEqual([]);
  });

  it('shows places, and what waits for them, as they stand', async () => {
    await using busy = await startOne({ concurrency: 1, queue: 5, coalesce: false });
    await holdSlow();
    const asked = Array.from({ length: 3 }, () => busy.kv({ price: SLOW }));
    const labels = { source: 'pricing-eu' };
    const shown = async (name: string) => valueIn(readMetrics((await busy.get('/metrics')).text), name, labels);
    await until(async () => (await shown('codap_source_queued')) === 2, 'two wait');
    expect(await shown('codap_source_running')).toBe(1);
    expect(await shown('codap_source_limit')).toBe(1);
    await service.stores.clearFaults();
    await Promise.all(asked);
    expect(await shown('codap_source_queued')).toBe(0);
  });
});

async function startOne(source: object, server: object = {}, batches: Record<string, object> = {}) {
  const started = await startService({ stores: service.stores, server, sources: { 'pricing-eu': source }, batches });
  return { ...started, [Symbol.asyncDispose]: () => started.close() };
}

describe('under overload', () => {
  it('a scrape is answered, and tells what was refused and why', async () => {
    await using busy = await startOne({}, { maxInFlight: 1 });
    await holdSlow();
    const held = busy.kv({ price: SLOW });
    const shown = async () => readMetrics((await busy.get('/metrics')).text);
    await until(async () => valueIn(await shown(), 'codap_source_running', { source: 'pricing-eu' }) === 1);
    expect((await busy.post('/kv', { queries: {} })).status).toBe(503);
    const families = await shown();
    expect(valueIn(families, 'codap_refused_total', { reason: 'in_flight' })).toBe(1);
    expect(valueIn(families, 'codap_batches_total', { pattern: 'kv', outcome: 'refused' })).toBe(1);
    await held;
  });

  it('it tells how much the event loop has lagged', async () => {
    await pause(30);
    for (const until = performance.now() + 150; performance.now() < until;);
    expect(valueIn(await scrape(), 'codap_event_loop_lag_seconds')).toBeGreaterThan(0.1);
  });

  it('connections that are closed as they come are counted', async () => {
    await using busy = await startOne({}, { maxConnections: 2 });
    await busy.get('/metrics');
    const open = Array.from({ length: 2 }, () => connect(busy.port, '127.0.0.1').on('error', () => {}));
    await Promise.race(open.map((one) => once(one, 'close')));
    const families = readMetrics((await busy.get('/metrics')).text);
    expect(valueIn(families, 'codap_refused_total', { reason: 'connections' })).toBe(1);
    for (const one of open) one.destroy();
  });
});
