import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCodapProcess } from '../codap-process.ts';
import { startOtlpReceiver } from '../otlp-receiver.ts';
import { startTexts } from '../service.ts';

const LOADED = new URL('../loaded-modules.ts', import.meta.url).href;
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE}-00f067aa0ba902b7-01`;

let store: Awaited<ReturnType<typeof startTexts>>;
beforeAll(async () => {
  store = await startTexts(new Map([['/a', '{}']]));
});
afterAll(() => store.close());

/** Starts a codap process, asks it for one batch, ends it, and tells what it loaded and logged. */
async function once(env: Record<string, string>) {
  const loaded: string[] = [];
  const config = { sources: { own: { adapter: 'rest', url: store.url } } };
  await using codap = await startCodapProcess(config, [LOADED], (url) => void loaded.push(String(url)), env);
  const response = await fetch(`${codap.url}/kv`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: TRACEPARENT },
    body: JSON.stringify({ queries: { a: { source: 'own', op: 'get', params: { path: '/a' } } } }),
  });
  expect(await response.json()).toMatchObject({ complete: true });
  const status = await codap.end();
  const line = codap.lines.map((text) => JSON.parse(text)).find(({ msg }) => msg === 'batch');
  return { status, loaded, line };
}

it('without an endpoint nothing of OpenTelemetry is loaded, nor the driver of a store that is not configured, nor what pages, agents and tokens need, and the log names the trace that a batch came with', async () => {
  const { status, loaded, line } = await once({ OTEL_SERVICE_NAME: 'shop' });
  expect(status).toBe(0);
  expect(loaded.some((url) => url.includes('src/cli/serve'))).toBe(true);
  expect(loaded.filter((url) => !url.includes('src/cli/serve'))).toEqual([]);
  expect(line).toMatchObject({ trace_id: TRACE });
  expect(line).not.toHaveProperty('span_id');
});

it('with one, a process that ends has exported what it had, as protobuf and by the standard variables', async () => {
  await using receiver = await startOtlpReceiver();
  const { status, loaded, line } = await once({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-key=k',
    OTEL_SERVICE_NAME: 'shop',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging',
  });
  expect(status).toBe(0);
  expect(loaded.some((url) => url.includes('@opentelemetry/sdk-trace'))).toBe(true);
  expect(line).toMatchObject({ trace_id: TRACE, span_id: expect.stringMatching(/^[0-9a-f]{16}$/) as string });
  const [exported] = receiver.exports;
  expect(exported).toMatchObject({
    path: '/v1/traces',
    headers: { 'content-type': 'application/x-protobuf', 'x-key': 'k' },
  });
  const text = exported!.body.toString('latin1');
  for (const part of ['POST /kv', 'own get', 'GET', 'shop', 'staging']) expect(text).toContain(part);
  expect(exported!.body.includes(Buffer.from(TRACE, 'hex'))).toBe(true);
  expect(exported!.body.includes(Buffer.from(line.span_id, 'hex'))).toBe(true);
});
