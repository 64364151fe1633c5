import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Common, commonOf, metricsEdition, openEdition } from '../../src/cli/edition.ts';
import { openSpans } from '../../src/cli/open-spans.ts';
import type { Config } from '../../src/config/load.ts';
import { exportingOf } from '../../src/observe/exporting.ts';
import { type Edition, Front } from '../../src/service/front.ts';
import { makeIssuer } from '../callers/issuer.ts';
import { startKeyServer } from '../callers/key-server.ts';
import { parseConfig } from '../configured.ts';
import { startOtlpReceiver } from '../otlp-receiver.ts';
import { startTexts } from '../service.ts';

const KINDS: readonly [string, (config: Config, common: Common) => Promise<Edition>, string][] = [
  ['the service', openEdition, '/limits'],
  ['the port of the metrics', metricsEdition, '/metrics'],
];

const common = (config: Config, more: Partial<Common> = {}): Common => ({
  ...commonOf(config, { logger: pino({ enabled: false }), spans: undefined, onLoopback: true, tells: true }),
  ...more,
});

let front: Front;
afterEach(async () => {
  front.server.closeAllConnections();
  await front.close();
});

describe.each(KINDS)('another edition of %s', (_what, open, path) => {
  it('goes on with the keys of token issuers that are known', async () => {
    const [issuer, keys] = await Promise.all([makeIssuer(), startKeyServer()]);
    await using _keys = keys;
    keys.answer = (response) => response.end(JSON.stringify(issuer.jwks));
    const jwt = { issuer: 'https://id.example/', audience: 'codap', jwks: keys.url };
    const exp = Math.floor(Date.now() / 1000) + 60;
    const authorization = `Bearer ${issuer.token('ES256', { iss: jwt.issuer, aud: jwt.audience, exp })}`;
    const config = parseConfig({ server: { metricsPort: 0 }, callers: { people: { jwt, metrics: true } } });
    const shared = common(config);
    front = new Front(await open(config, shared));
    const url = await front.app.listen({ host: '127.0.0.1', port: 0 });
    const status = async (): Promise<number> => (await fetch(url + path, { headers: { authorization } })).status;
    expect(await status()).toBe(200);
    keys.answer = (response) => response.writeHead(503).end();
    await front.turnTo(await open(config, shared));
    expect([await status(), keys.asked.length]).toEqual([200, 1]);
  });
});

describe('another edition of the service', () => {
  afterEach(() => void vi.unstubAllEnvs());

  it.each([
    ['hangs', { hangs: true }],
    ['refuses', { status: 400 }],
  ])('has the one before closed at once where a collector %s, and spans of both are exported', async (_how, answer) => {
    const store = await startTexts(new Map([['/', '1']]));
    await using receiver = await startOtlpReceiver();
    Object.assign(receiver.answer, answer);
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
    const exporting = exportingOf({ ...process.env, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' });
    const spans = (await openSpans(exporting, pino({ enabled: false })))!;
    const config = parseConfig({ sources: { one: { adapter: 'rest', url: store.url } } });
    const shared = common(config, { spans });
    front = new Front(await openEdition(config, shared));
    const url = await front.app.listen({ host: '127.0.0.1', port: 0 });
    const ask = async (): Promise<void> => {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ queries: [{ source: 'one', op: 'get', params: { path: '/' } }] });
      expect(await (await fetch(`${url}/ordered`, { method: 'POST', headers, body })).json()).toMatchObject({
        complete: true,
      });
    };
    await ask();
    const began = performance.now();
    await front.turnTo(await openEdition(config, shared));
    expect(performance.now() - began).toBeLessThan(1000);
    await ask();
    Object.assign(receiver.answer, { hangs: false });
    await spans.close();
    await store.close();
    expect(receiver.spans.filter(({ name }) => name === 'POST /ordered')).toHaveLength(2);
  });
});

describe('another edition of the port of the metrics', () => {
  it('cuts a client of the one before that takes nothing for as long as graceMs', async () => {
    const [before, after] = [parseConfig({}), parseConfig({ server: { graceMs: 40 } })];
    const asked = Promise.withResolvers<void>();
    const scrape = (): Promise<Buffer> => {
      asked.resolve();
      return new Promise(() => {});
    };
    front = new Front(await metricsEdition(before, common(before, { scrape })));
    const url = await front.app.listen({ host: '127.0.0.1', port: 0 });
    const client = connect(Number(new URL(url).port), '127.0.0.1');
    await once(client, 'connect');
    client.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await asked.promise;
    await front.turnTo(await metricsEdition(after, common(after)));
    expect(await text(client)).toBe('');
    expect((await fetch(`${url}/metrics`)).status).toBe(200);
  });
});
