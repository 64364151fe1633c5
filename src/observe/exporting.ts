import { readFileSync, statSync } from 'node:fs';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Env } from '../config/env.ts';
import { ConfigError, type ConfigFault } from '../config/fault.ts';
import { choice } from '../store/choice.ts';

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

/** How many spans wait unless a variable says otherwise, as the standard has it. */
const QUEUE_SIZE = 2048;

/** What a variable may hold. */
interface Form {
  readonly isRight: (given: string) => boolean;
  readonly detail: string;
}

const ADDRESS: Form = {
  isRight: (given) => ['http:', 'https:'].includes(URL.parse(given)?.protocol ?? ''),
  detail: 'an http or https URL is allowed here',
};
const WHOLE = matching(/^[1-9]\d{0,8}$/, 'a whole number from 1 to 999999999');
const RATIO = matching(/^(?:0(?:\.\d+)?|\.\d+|1(?:\.0+)?)$/, 'a number from 0 to 1');
const CERTIFICATE = pem(/^-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/m);
const HEADERS = pairs('headers', (name, value) => {
  validateHeaderName(name);
  validateHeaderValue(name, value);
  return value !== '';
});
/** The longest name or value that the SDK takes; where one is wrong, it takes none. */
const LONGEST = 255;
const ATTRIBUTES = pairs(
  `attributes of at most ${LONGEST} characters`,
  (name, value, written) => Math.max(name.length, value.length) <= LONGEST && !written.includes('='),
);

/**
 * What the exporter reads itself, and would leave out without a word where it cannot be used: of each the
 * variable for traces alone comes before the one for all.
 */
const LEFT_TO_EXPORTER: Readonly<Record<string, Form>> = {
  TIMEOUT: WHOLE,
  COMPRESSION: oneOf(['gzip', 'none']),
  CERTIFICATE,
  CLIENT_CERTIFICATE: CERTIFICATE,
  CLIENT_KEY: pem(/^-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/m),
};

/**
 * Reads how traces are exported from OpenTelemetry's standard variables, of which an empty one counts as
 * unset; undefined where no endpoint is set, or they turn it off. Throws ConfigError with every fault.
 */
export function exportingOf(env: Env): Exporting | undefined {
  const endpoint = ENDPOINTS.find((name) => env[name]);
  if (endpoint === undefined || env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return undefined;
  if (env['OTEL_TRACES_EXPORTER'] === 'none') return undefined;
  const faults: ConfigFault[] = [];
  const read = (name: string, { isRight, detail }: Form): string | undefined => {
    const given = env[name] || undefined;
    if (given !== undefined && !isRight(given)) faults.push({ path: name, detail });
    return given;
  };
  const readOtlp = (what: string, form: Form): string | undefined => {
    const own = `OTEL_EXPORTER_OTLP_TRACES_${what}`;
    return read(env[own] ? own : `OTEL_EXPORTER_OTLP_${what}`, form);
  };
  read('OTEL_TRACES_EXPORTER', oneOf(['otlp', 'none']));
  read(endpoint, ADDRESS);
  const protocol = readOtlp('PROTOCOL', oneOf(PROTOCOLS)) ?? 'http/protobuf';
  for (const [what, form] of Object.entries(LEFT_TO_EXPORTER)) readOtlp(what, form);
  // Of headers both count.
  for (const name of ['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS']) read(name, HEADERS);
  read('OTEL_RESOURCE_ATTRIBUTES', ATTRIBUTES);
  const sampler = read('OTEL_TRACES_SAMPLER', oneOf(SAMPLERS)) ?? 'parentbased_always_on';
  const ratio = Number(read('OTEL_TRACES_SAMPLER_ARG', RATIO) ?? 1);
  const given = Object.entries(QUEUE).map(([name, option]) => [option, read(name, WHOLE)] as const);
  const queue: Exporting['queue'] = Object.fromEntries(
    given.flatMap(([option, text]) => (text === undefined ? [] : [[option, Number(text)]])),
  );
  if ((queue.maxExportBatchSize ?? 0) > (queue.maxQueueSize ?? QUEUE_SIZE))
    faults.push({ path: 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', detail: 'at most OTEL_BSP_MAX_QUEUE_SIZE is allowed here' });
  if (faults.length > 0) throw new ConfigError(faults);
  return { protocol: protocol as Exporting['protocol'], sampler: sampler as Exporting['sampler'], ratio, queue };
}

function oneOf(allowed: readonly string[]): Form {
  return { isRight: (given) => allowed.includes(given), detail: choice(allowed) };
}

function matching(form: RegExp, allowed: string): Form {
  return { isRight: (given) => form.test(given), detail: `${allowed} is allowed here` };
}

/** The name of a file in PEM (RFC 7468). */
function pem(begin: RegExp): Form {
  // Who reads a pipe waits for as long as nobody writes to it.
  const isRight = (file: string): boolean => statSync(file).isFile() && begin.test(readFileSync(file, 'utf8'));
  return { isRight: unlessThrown(isRight), detail: 'a file in PEM that can be read is allowed here' };
}

/** A list of names and values; `isTaken` throws, too, where it takes one not. */
function pairs(what: string, isTaken: (name: string, value: string, written: string) => boolean): Form {
  const isRight = (pair: string): boolean => {
    const [, name = '', written = ''] = /^([^=;]+)=([^;]*)$/.exec(pair) ?? [];
    return name.trim() !== '' && isTaken(decodeURIComponent(name.trim()), decodeURIComponent(written.trim()), written);
  };
  return {
    isRight: (given) => given.split(',').every((pair) => pair.trim() === '' || unlessThrown(isRight)(pair)),
    detail: `${what} are allowed here: name=value, with commas between, each percent-encoded`,
  };
}

function unlessThrown(isRight: Form['isRight']): Form['isRight'] {
  return (given) => {
    try {
      return isRight(given);
    } catch {
      return false;
    }
  };
}
