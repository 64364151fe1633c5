import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { hashedKey, makeKey } from '../../src/callers/api-keys.ts';
import { openSaved } from '../../src/saved/open-saved.ts';
import { buildApp } from '../../src/service/app.ts';
import { Front } from '../../src/service/front.ts';
import { createLogger, Secrets } from '../../src/service/log.ts';
import { buildMetricsApp } from '../../src/service/metrics-app.ts';
import { parseConfig } from '../configured.ts';

const KEYS = { web: makeKey(), watch: makeKey(), wrong: makeKey() };
const empty = { pattern: 'ordered', queries: [] };
const CALLERS = {
  web: { keys: [hashedKey(KEYS.web)], batches: ['one'], rate: { perSecond: 0.001, burst: 5 } },
  watch: { keys: [hashedKey(KEYS.watch)], metrics: true },
};
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

const closing: { close(): PromiseLike<unknown> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close();
});

async function appOf(raw: object, lines: string[] = [], level: 'info' | 'debug' = 'info') {
  const config = parseConfig({ batches: { one: empty, other: empty }, ...raw });
  const logger = createLogger(level, new Secrets([]), { write: (line) => void lines.push(line) });
  const sources = new Map();
  const app = await buildApp(config, { sources, saved: await openSaved(config, sources), logger });
  await app.ready();
  return { config, app };
}

describe('a request that is refused', () => {
  it.each([
    ['debug', [{ why: 'issuer', caller: 'people' }]],
    ['info', []],
  ] as const)('for its token says why to the operator alone, at level %s', async (level, expected) => {
    const lines: string[] = [];
    const jwt = { issuer: 'https://id.example/', audience: 'codap', jwks: 'https://id.example/jwks.json' };
    const { app } = await appOf({ callers: { people: { jwt } } }, lines, level);
    closing.push(app);
    const said = { iss: 'https://evil.example/', aud: 'codap', exp: 4_000_000_000, sub: 'ada' };
    const [head, claims] = [{ alg: 'EdDSA', kid: 'one' }, said].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    );
    const answer = await app.inject({ url: '/limits', headers: bearer(`${head}.${claims}.c2lnbmF0dXJl`) });
    expect(answer.json()).toEqual({ status: 401, title: 'Unauthorized' });
    const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const refused = told.find(({ msg }) => msg === 'a request was refused');
    expect(told.filter(({ msg }) => msg === 'a token was refused')).toEqual(
      expected.map((one) => expect.objectContaining({ ...one, requestId: refused?.['requestId'] }) as unknown),
    );
    for (const secret of [head, claims, 'evil', 'ada', 'c2lnbmF0dXJl']) expect(lines.join('')).not.toContain(secret);
  });

  it('has one line in the log, with the name of its caller where that is known, and never a key', async () => {
    const lines: string[] = [];
    const { app } = await appOf({ callers: CALLERS }, lines);
    closing.push(app);
    const ask = (url: string, headers: Record<string, string>, method: 'GET' | 'POST' = 'GET') =>
      app.inject({ method, url, headers, payload: method === 'POST' ? '{}' : undefined });
    await ask('/limits', {});
    await ask(`/nothing?key=${KEYS.wrong}`, bearer(KEYS.wrong));
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await ask('/kv', { ...bearer(KEYS.web), traceparent }, 'POST');
    await ask('/batches/other', bearer(KEYS.web));
    await ask('/metrics', bearer(KEYS.web));
    await ask('/batches/one', bearer(KEYS.web));
    await ask('/limits', bearer(KEYS.web));
    await ask('/limits', { ...bearer('x'), 'x-api-key': KEYS.web });
    const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const refused = told.filter(({ msg }) => msg === 'a request was refused');
    expect(refused.map(({ caller, reason, method, route }) => [caller, reason, method, route])).toEqual([
      [undefined, 'unauthorized', 'GET', '/limits'],
      [undefined, 'unauthorized', 'GET', undefined],
      ['web', 'forbidden', 'POST', '/kv'],
      ['web', 'forbidden', 'GET', '/batches/other'],
      ['web', 'forbidden', 'GET', '/metrics'],
      ['web', 'caller_rate', 'GET', '/limits'],
    ]);
    expect(refused.map((line) => line['trace_id']).filter(Boolean)).toEqual(['4bf92f3577b34da6a3ce929d0e0e4736']);
    for (const { requestId } of refused) expect(requestId).toEqual(expect.any(String));
    expect(told.find(({ msg }) => msg === 'batch')).toMatchObject({ caller: 'web', batch: 'one' });
    for (const key of Object.values(KEYS)) expect(lines.join()).not.toContain(key.slice(6));
    const counts = Object.fromEntries(app.metrics.refused.series.map(([[reason], [count]]) => [reason, count]));
    expect(counts).toMatchObject({ unauthorized: 2, forbidden: 3, caller_rate: 1 });
  });
});

describe('a request for a batch', () => {
  const greedy = { keys: [hashedKey(KEYS.watch)], batches: ['one'], rate: { perSecond: 0.001, burst: 1 } };
  const callers = { web: { ...CALLERS.web, rate: undefined }, greedy };
  const saved = (batch: string, method: 'GET' | 'POST' | 'HEAD' = 'GET') => [method, `/batches/${batch}`] as const;

  it.each([
    ['of nobody who may ask', 'wrong', ['POST', '/kv'], 401],
    ['of its own, by who may run saved ones alone', 'web', ['POST', '/kv'], 403],
    ['that is not there for its caller', 'web', saved('other'), 404],
    ['that is not there for its caller, in a form of its own', 'web', saved('other.zip'), 404],
    ['that is not there for its caller, with a fault', 'web', saved('other?what'), 404],
    ['that is not there for its caller, explained', 'web', saved('other?explain', 'POST'), 404],
    ['that is not there for its caller, without its body', 'web', saved('other', 'HEAD'), 404],
    ['of who asks too often', 'watch', saved('one'), 429],
  ] as const)('that is refused because of who asks is no batch: %s', async (_what, who, [method, url], status) => {
    const { app } = await appOf({ callers });
    closing.push(app);
    await app.inject({ url: '/limits', headers: bearer(KEYS.watch) });
    const payload = method === 'POST' ? '{}' : undefined;
    const answer = await app.inject({ method, url, headers: bearer(KEYS[who]), payload });
    expect(answer.statusCode).toBe(status);
    const counted = (of: string) => app.metrics.families.find(({ name }) => name === of)!.series;
    expect(counted('codap_batches')).toEqual([]);
    expect(counted('codap_refused').reduce((sum, [, [count]]) => sum + count!, 0)).toBe(1);
    expect(counted('codap_sent_bytes').every(([, [bytes]]) => bytes === 0)).toBe(true);
  });

  it('that is there for its caller is one, with a fault, too', async () => {
    const { app } = await appOf({ callers });
    closing.push(app);
    await app.inject({ url: '/batches/one?what', headers: bearer(KEYS.web) });
    const { series } = app.metrics.families.find(({ name }) => name === 'codap_batches')!;
    expect(series).toEqual([[['ordered', 'one', expect.any(String), 'web'], [1]]]);
  });
});

describe('metrics on a port of their own', () => {
  it('are there for those who may read them', async () => {
    const config = parseConfig({ batches: { one: empty }, callers: CALLERS });
    const app = buildMetricsApp(config, () => Promise.resolve(Buffer.from('counted')), {});
    closing.push(app);
    const statusFor = async (headers: object): Promise<number> =>
      (await app.inject({ url: '/metrics', headers: { ...headers } })).statusCode;
    expect(await statusFor({})).toBe(401);
    expect(await statusFor(bearer(KEYS.web))).toBe(404);
    expect(await statusFor(bearer(KEYS.watch))).toBe(200);
    const counts = Object.fromEntries(app.metrics.refused.series.map(([[reason], [count]]) => [reason, count]));
    expect(counts).toMatchObject({ unauthorized: 1, forbidden: 1 });
  });
});

describe('the page of the interface', () => {
  /** What its script does with a document and with what `HEAD /openapi.json` answers without a key. */
  async function run(status: number): Promise<{ shown: object[]; submit: (key: string) => void }> {
    const { app } = await appOf({ callers: CALLERS });
    closing.push(app);
    const { payload } = await app.inject('/docs/start.js');
    const shown: { requestInterceptor: (request: { headers: object }) => { headers: object } }[] = [];
    let submitted: (event: object) => void = () => {};
    const input = { value: '' };
    const asked = Promise.withResolvers<void>();
    const form = { addEventListener: (_type: string, listener: typeof submitted) => (submitted = listener) };
    const docs = {
      set innerHTML(html: string) {
        if (html.includes('<form>')) asked.resolve();
      },
      querySelector: (name: string) => (name === 'form' ? form : input),
    };
    const document = {
      querySelector: () => docs,
      documentElement: { classList: { toggle: () => {} } },
    };
    const matchMedia = () => ({ matches: false, addEventListener: () => {} });
    const fetch = (_url: string, { headers }: { headers: { authorization?: string } }) =>
      Promise.resolve({ status: headers.authorization === 'Bearer codap_key' ? 200 : status });
    const SwaggerUIBundle = (said: never): void => {
      shown.push(said);
      asked.resolve();
    };
    runInNewContext(payload, { document, matchMedia, fetch, SwaggerUIBundle });
    await asked.promise;
    return {
      get shown() {
        return shown.map(({ requestInterceptor }) => requestInterceptor({ headers: {} }).headers);
      },
      submit(value) {
        input.value = value;
        submitted({ preventDefault() {} });
      },
    };
  }

  it('asks for a key where there are callers, and sends it with each request', async () => {
    const page = await run(401);
    expect(page.shown).toEqual([]);
    page.submit('codap_key');
    await vi.waitFor(() => expect(page.shown).toEqual([{ authorization: 'Bearer codap_key' }]));
  });

  it('asks for none where everyone may ask', async () => {
    const page = await run(200);
    expect(page.shown).toEqual([{}]);
  });
});

describe('another configuration', () => {
  it('has callers of its own, from one request to the next', async () => {
    const front = new Front(await appOf({}));
    closing.push(front);
    const url = await front.app.listen({ host: '127.0.0.1', port: 0 });
    const statusFor = async (key?: string): Promise<number> =>
      (await fetch(`${url}/limits`, { headers: key === undefined ? {} : bearer(key) })).status;
    expect(await statusFor()).toBe(200);
    await front.turnTo(await appOf({ callers: CALLERS }));
    expect([await statusFor(), await statusFor(KEYS.web), await statusFor(KEYS.watch)]).toEqual([401, 200, 200]);
    await front.turnTo(await appOf({ callers: { web: CALLERS.web } }));
    expect([await statusFor(), await statusFor(KEYS.web), await statusFor(KEYS.watch)]).toEqual([401, 200, 401]);
    await front.turnTo(await appOf({}));
    expect(await statusFor()).toBe(200);
  });
});
