import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ConfigError, ConfigFault } from '../../src/config/fault.ts';
import { makeCertificate, writeCertificate } from '../certificate.ts';
import { exportingOf } from '../../src/observe/exporting.ts';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
const USUAL = { protocol: 'http/protobuf', sampler: 'parentbased_always_on', ratio: 1, queue: {} };

describe('traces', () => {
  it.each([
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
    { OTEL_SERVICE_NAME: 'x' },
    { ...ENDPOINT, OTEL_SDK_DISABLED: 'true' },
    { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' },
  ])('are not exported with %j', (env) => {
    expect(exportingOf(env)).toBeUndefined();
  });

  it.each([
    [ENDPOINT, USUAL],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector/v1/traces' }, USUAL],
    [{ ...ENDPOINT, OTEL_SDK_DISABLED: 'false', OTEL_TRACES_EXPORTER: 'otlp' }, USUAL],
    [
      { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
      { ...USUAL, protocol: 'http/json' },
    ],
    [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' }, USUAL],
    [
      { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' },
      { ...USUAL, sampler: 'traceidratio', ratio: 0.25 },
    ],
    [
      {
        ...ENDPOINT,
        OTEL_EXPORTER_OTLP_TIMEOUT: '10000',
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic dTpw==,x-tenant = a%2Cb ,',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test,team=a%3Db',
      },
      USUAL,
    ],
    [
      { ...ENDPOINT, OTEL_BSP_MAX_QUEUE_SIZE: '100', OTEL_BSP_SCHEDULE_DELAY: '10' },
      { ...USUAL, queue: { maxQueueSize: 100, scheduledDelayMillis: 10 } },
    ],
  ])('are exported with %j', (env, exporting) => {
    expect(exportingOf(env)).toEqual(exporting);
  });

  const files = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
  it.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, 'an http or https URL is allowed here'],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'allowed here: http/protobuf, http/json'],
    [{ OTEL_TRACES_EXPORTER: 'zipkin' }, 'allowed here: otlp, none'],
    [{ OTEL_TRACES_SAMPLER: 'some' }, /^allowed here: parentbased_always_on, /],
    [{ OTEL_TRACES_SAMPLER_ARG: '1.5' }, 'a number from 0 to 1 is allowed here'],
    [{ OTEL_BSP_MAX_QUEUE_SIZE: '0' }, /^a whole number from 1 /],
    [{ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2049' }, 'at most OTEL_BSP_MAX_QUEUE_SIZE is allowed here'],
    [{ OTEL_EXPORTER_OTLP_TIMEOUT: 'abc' }, /^a whole number from 1 /],
    [{ OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '10s' }, /^a whole number from 1 /],
    [{ OTEL_EXPORTER_OTLP_COMPRESSION: 'foo' }, 'allowed here: gzip, none'],
    [{ OTEL_EXPORTER_OTLP_CERTIFICATE: '/nonexistent' }, /^a file in PEM /],
    [{ OTEL_EXPORTER_OTLP_CERTIFICATE: files('package.json') }, /^a file in PEM /],
    [{ OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: '/nonexistent' }, /^a file in PEM /],
    [{ OTEL_EXPORTER_OTLP_CLIENT_KEY: files('test') }, /^a file in PEM /],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'x,foo' }, /^headers are allowed here: name=value, /],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'api-key=se cret%zz' }, /^headers /],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'api key=secret' }, /^headers /],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'api-key=' }, /^headers /],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a;b' }, /^headers /],
    [{ OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'api-key=a%0Ab' }, /^headers /],
    [{ OTEL_RESOURCE_ATTRIBUTES: 'a=b,c' }, /^attributes of at most 255 characters are allowed here: /],
    [{ OTEL_RESOURCE_ATTRIBUTES: 'a=b=c' }, /^attributes /],
    [{ OTEL_RESOURCE_ATTRIBUTES: `a=${'b'.repeat(256)}` }, /^attributes /],
  ])('are a fault of the configuration with %j', (env, detail) => {
    expect(faultsOf({ ...ENDPOINT, ...env })).toEqual([
      { path: Object.keys(env)[0], detail: typeof detail === 'string' ? detail : expect.stringMatching(detail) },
    ]);
  });

  it('are exported by a certificate and a key that can be read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'codap-exporting-'));
    const { cert, key } = await writeCertificate(folder, await makeCertificate('collector'));
    const env = {
      OTEL_EXPORTER_OTLP_CERTIFICATE: join(folder, cert),
      OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: join(folder, cert),
      OTEL_EXPORTER_OTLP_CLIENT_KEY: join(folder, key),
    };
    expect(exportingOf({ ...ENDPOINT, ...env })).toEqual(USUAL);
    const swapped = { ...ENDPOINT, OTEL_EXPORTER_OTLP_CLIENT_KEY: join(folder, cert) };
    expect(faultsOf(swapped)).toHaveLength(1);
    await rm(folder, { recursive: true });
  });

  it('are told every fault at once, and of two variables that of the one that holds', () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'x',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_TIMEOUT: 'x',
      OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '1',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'x',
      OTEL_TRACES_SAMPLER: 'x',
      OTEL_BSP_SCHEDULE_DELAY: 'x',
      OTEL_BSP_EXPORT_TIMEOUT: 'x',
    };
    const { OTEL_EXPORTER_OTLP_TIMEOUT: _outdone, OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: _right, ...wrong } = env;
    expect(faultsOf(env).map(({ path }) => path)).toEqual(Object.keys(wrong));
  });
});

function faultsOf(env: Record<string, string>): readonly ConfigFault[] {
  try {
    exportingOf(env);
  } catch (error) {
    return (error as ConfigError).faults;
  }
  return [];
}
