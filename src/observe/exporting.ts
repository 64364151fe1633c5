import type { Env } from '../config/env.ts';
import { ConfigError } from '../config/fault.ts';
import { choice } from '../store/check-schema.ts';

/** How traces are exported; what else the standard variables say, the exporter reads itself. */
export interface Exporting {
  readonly protocol: (typeof PROTOCOLS)[number];
  readonly sampler: (typeof SAMPLERS)[number];
  /** The share of traces that are sampled, from 0 to 1, where the sampler goes by one. */
  readonly ratio: number;
  /** How many spans wait, and how long. */
  readonly queue: Readonly<Partial<Record<(typeof QUEUE)[keyof typeof QUEUE], number>>>;
}

const PROTOCOLS = ['http/protobuf', 'http/json'] as const;

const SAMPLERS = [
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
  'always_on',
  'always_off',
  'traceidratio',
] as const;

/** What the SDK calls them. */
const QUEUE = {
  OTEL_BSP_SCHEDULE_DELAY: 'scheduledDelayMillis',
  OTEL_BSP_EXPORT_TIMEOUT: 'exportTimeoutMillis',
  OTEL_BSP_MAX_QUEUE_SIZE: 'maxQueueSize',
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: 'maxExportBatchSize',
} as const;

const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const;

/**
 * Reads how traces are exported from OpenTelemetry's standard variables, of which an empty one counts as
 * unset; undefined where no endpoint is set, or they turn it off. Throws ConfigError.
 */
export function exportingOf(env: Env): Exporting | undefined {
  const endpoint = ENDPOINTS.find((name) => env[name]);
  if (endpoint === undefined || env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return undefined;
  const exporter = env['OTEL_TRACES_EXPORTER'] || 'otlp';
  if (exporter === 'none') return undefined;
  oneOf('OTEL_TRACES_EXPORTER', exporter, ['otlp', 'none']);
  if (!['http:', 'https:'].includes(URL.parse(env[endpoint]!)?.protocol ?? ''))
    throw fault(endpoint, 'an http or https URL is allowed here');
  const name = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL']
    ? 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'
    : 'OTEL_EXPORTER_OTLP_PROTOCOL';
  const queue = Object.entries(QUEUE).flatMap(([name, option]) => {
    const given = env[name];
    return given ? [[option, number(name, given, /^[1-9]\d{0,8}$/, 'a whole number from 1 to 999999999')]] : [];
  });
  return {
    protocol: oneOf(name, env[name] || 'http/protobuf', PROTOCOLS),
    sampler: oneOf('OTEL_TRACES_SAMPLER', env['OTEL_TRACES_SAMPLER'] || 'parentbased_always_on', SAMPLERS),
    ratio: number(
      'OTEL_TRACES_SAMPLER_ARG',
      env['OTEL_TRACES_SAMPLER_ARG'] || '1',
      /^(?:0(?:\.\d+)?|\.\d+|1(?:\.0+)?)$/,
      'a number from 0 to 1',
    ),
    queue: Object.fromEntries(queue) as Exporting['queue'],
  };
}

function oneOf<const T extends string>(name: string, given: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === given);
  if (found === undefined) throw fault(name, choice(allowed));
  return found;
}

function number(name: string, given: string, form: RegExp, allowed: string): number {
  if (!form.test(given)) throw fault(name, `${allowed} is allowed here`);
  return Number(given);
}

function fault(path: string, detail: string): ConfigError {
  return new ConfigError([{ path, detail }]);
}
