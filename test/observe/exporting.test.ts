import { describe, expect, it } from 'vitest';
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
      { ...ENDPOINT, OTEL_BSP_MAX_QUEUE_SIZE: '100', OTEL_BSP_SCHEDULE_DELAY: '10' },
      { ...USUAL, queue: { maxQueueSize: 100, scheduledDelayMillis: 10 } },
    ],
  ])('are exported with %j', (env, exporting) => {
    expect(exportingOf(env)).toEqual(exporting);
  });

  it.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, /^OTEL_EXPORTER_OTLP_ENDPOINT: an http or https URL/],
    [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, /^OTEL_EXPORTER_OTLP_PROTOCOL: allowed here: http/],
    [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'zipkin' }, /^OTEL_TRACES_EXPORTER: allowed here: otlp, none/],
    [{ ...ENDPOINT, OTEL_TRACES_SAMPLER: 'some' }, /^OTEL_TRACES_SAMPLER: allowed here: parentbased_always_on, /],
    [{ ...ENDPOINT, OTEL_TRACES_SAMPLER_ARG: '1.5' }, /^OTEL_TRACES_SAMPLER_ARG: a number from 0 to 1 /],
    [{ ...ENDPOINT, OTEL_BSP_MAX_QUEUE_SIZE: '0' }, /^OTEL_BSP_MAX_QUEUE_SIZE: a whole number from 1 /],
  ])('are a fault of the configuration with %j', (env, message) => {
    expect(() => exportingOf(env)).toThrow(message);
  });
});
