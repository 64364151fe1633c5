import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { hashedKey, makeKey } from '../../src/callers/api-keys.ts';
import { readMetrics, valueIn } from '../observe/open-metrics.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { type Answer, type Service, startService, until } from '../service.ts';

const KEYS = { greedy: makeKey(), modest: makeKey(), two: makeKey(), short: makeKey(), watch: makeKey() };
type Name = keyof typeof KEYS;
const as = (name: Name): Record<string, string> => ({ 'x-api-key': KEYS[name] });
const one = (name: Name, more: object = {}): object => ({ keys: [hashedKey(KEYS[name])], ...more });
const never = {
  pattern: 'kv',
  timeoutMs: 10_000,
  queries: { a: { source: 'slow', op: 'get', params: { path: '/never' } } },
};

const send = (response: ServerResponse): unknown => response.setHeader('content-type', 'application/json').end('{}');

let store: ScriptedStore;
/** Answers of `/never`, which never come unless a test sends them. */
let held: ServerResponse[];
let stores: Stores;
beforeAll(async () => {
  stores = await startStores();
});
afterAll(() => stores.close());

// What callers have used is counted from a service's start.
let service: Service;
beforeEach(async () => {
  held = [];
  store = await startScripted((path, response) => {
    if (path === '/never') held.push(response);
    else send(response);
  });
  const saved = { batches: ['never'] };
  service = await startService({
    stores,
    sources: { slow: { adapter: 'rest', url: store.url, timeoutMs: 10_000, breaker: false, coalesce: false } },
    batches: { never },
    callers: {
      greedy: one('greedy', { rate: { perSecond: 0.01, burst: 3 } }),
      modest: one('modest', { rate: { perSecond: 1000, burst: 1000 } }),
      two: one('two', { ...saved, maxInFlight: 2 }),
      short: one('short', { ...saved, maxTimeoutMs: 100 }),
      watch: one('watch', { metrics: true }),
    },
  });
});
afterEach(async () => {
  await service.close();
  await store.close();
});

const refusedFor = async (reason: string): Promise<number> => {
  const { text } = await service.get('/metrics', as('watch'));
  return valueIn(readMetrics(text), 'codap_refused_total', { reason }) ?? 0;
};

describe("a caller's rate", () => {
  it('lets a burst in, then answers 429 at once with the seconds after which to come back, and nobody else', async () => {
    const answers: Answer[] = [];
    for (let times = 0; times < 6; times += 1) answers.push(await service.get('/limits', as('greedy')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429, 429]);
    for (const { headers, text } of answers.slice(3)) {
      const seconds = Number(headers['retry-after']);
      expect(seconds).toBeGreaterThanOrEqual(80);
      expect(seconds).toBeLessThanOrEqual(100);
      expect(JSON.parse(text)).toMatchObject({ title: 'Too Many Requests', code: 'OVERLOADED', retryable: true });
    }
    expect((await service.post('/kv', 'no JSON', as('greedy'))).status).toBe(429);
    expect((await service.get('/limits', as('modest'))).status).toBe(200);
    expect((await service.get('/health/ready', as('greedy'))).status).toBe(200);
    expect(await refusedFor('caller_rate')).toBe(4);
  });
});

describe("a caller's batches under way", () => {
  it('are no more than it may have; one that has left makes room', async () => {
    const leaving = new AbortController();
    const open = [leaving.signal, undefined].map((signal) =>
      service.post('/batches/never', {}, as('two'), signal).catch(() => undefined),
    );
    await until(() => store.open('/never') === 2, 'both are under way');
    const refused = await service.get('/batches/never', as('two'));
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
    expect(store.open('/never')).toBe(2);
    expect((await service.get('/limits', as('two'))).status).toBe(200);
    expect(await refusedFor('caller_in_flight')).toBe(1);
    leaving.abort();
    await until(() => store.open('/never') === 1, 'one has left');
    const third = service.get('/batches/never', as('two'));
    await until(() => store.open('/never') === 2, 'a third is under way');
    for (const response of held) send(response);
    expect((await third).status).toBe(200);
    await Promise.all(open);
  });

  it('count from their heads on, while their bodies come, for it alone', async () => {
    const head = (name: Name): string =>
      `POST /batches/never HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: ${KEYS[name]}\r\n` +
      'Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{';
    const dripping = [0, 1].map(() => connect(service.port, '127.0.0.1').on('error', () => {}));
    for (const socket of dripping) socket.write(head('two'));
    const asked = async () => (await service.get('/batches/never?explain', as('two'))).status;
    await until(async () => (await asked()) === 429, 'both have come');
    const other = service.get('/batches/never', as('short'));
    expect((await other).status).toBe(200);
    for (const socket of dripping) socket.destroy();
    await until(async () => (await asked()) !== 429, 'both have left');
  });

  it('have no more time than it may give them', async () => {
    const { text, ms } = await service.get('/batches/never', as('short'));
    expect(JSON.parse(text).results.a.error.code).toBe('TIMEOUT');
    expect(ms).toBeLessThan(500);
    expect((await service.get('/limits', as('short'))).json().server).toMatchObject({
      timeoutMs: 100,
      maxTimeoutMs: 100,
    });
  });

  it('are counted under its name', async () => {
    await service.get('/batches/never', as('short'));
    const families = readMetrics((await service.get('/metrics', as('watch'))).text);
    const labels = { pattern: 'kv', batch: 'never', outcome: 'incomplete' };
    expect(valueIn(families, 'codap_batches_total', { ...labels, caller: 'short' })).toBe(1);
  });
});

describe('the batches of one caller', () => {
  it.each([1, 5, 20])('leave places for others, of %i that there are', async (maxInFlight) => {
    const few = await startService({
      stores,
      server: { maxInFlight },
      sources: { slow: { adapter: 'rest', url: store.url, timeoutMs: 10_000, breaker: false, coalesce: false } },
      batches: { never },
      callers: { greedy: one('greedy', { batches: '*' }), modest: one('modest', { batches: '*' }) },
    });
    try {
      const leaving = new AbortController();
      const ask = (name: Name) => few.post('/batches/never', {}, as(name), leaving.signal).catch(() => undefined);
      const most = Math.ceil((9 * maxInFlight) / 10);
      const asked = Array.from({ length: most }, () => ask('greedy'));
      await until(() => store.open('/never') === most, 'all that it may have are under way');
      const refused = await few.get('/batches/never', as('greedy'));
      expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
      const left = maxInFlight - most;
      const others = Array.from({ length: left }, () => ask('modest'));
      await until(() => store.open('/never') === maxInFlight, 'the others have what is left');
      expect((await few.get('/batches/never', as('modest'))).status).toBe(503);
      leaving.abort();
      await Promise.all([...asked, ...others]);
      await until(() => store.open('/never') === 0, 'all have left');
    } finally {
      await few.close();
    }
  });
});
