import { isIP } from 'node:net';
import { z } from 'zod';
import { LONGEST_MS } from '../ground/at-instant.ts';
import { besides } from '../store/besides.ts';
import { wholeNumber } from '../store/whole-number.ts';
import type { Adapter, Adapters } from '../../adapters/adapter.ts';
import { choice } from '../store/choice.ts';
import type { BatchText } from './batch-texts.ts';
import { type CallerConfig, callerSchema } from './caller-options.ts';
import { layerOptions } from './layer-options.ts';
import { milliseconds } from './milliseconds.ts';
import { nameSchema } from './name-schema.ts';
import { tlsSchema } from './tls-options.ts';

/** A text may not grow longer than this, in bytes: some way below what one JavaScript string can hold. */
const LARGEST = 256 * 2 ** 20;

/** The most processes that one service may have. */
export const MOST_WORKERS = 256;

/** A batch's deadline unless something else says another, in milliseconds. */
const TIMEOUT_MS = 2000;

const bytes = wholeNumber.min(1024).max(LARGEST);
const origin = z
  .string()
  .refine((text) => URL.canParse(text) && new URL(text).origin === text, {
    message: 'an origin such as https://app.example, without a path, is allowed here',
    abort: true,
  })
  // It stands for itself alone, and no browser sends it.
  .refine((text) => !text.includes('*'), 'an origin without * is allowed here: each is written out');

const host = z
  .string()
  .refine(
    (text) => isIP(text) !== 0 || /^[a-z\d_]([a-z\d_.-]*[a-z\d_])?\.?$/i.test(text),
    'a host name or an IP address, without a port, is allowed here',
  );

const server = z
  .strictObject({
    host: z.string().min(1).default('127.0.0.1').meta({ description: 'Where to listen.' }),
    port: wholeNumber.min(0).max(65_535).default(8080).meta({ description: 'The port to listen on; 0 is a free one.' }),
    metricsPort: wholeNumber
      .min(0)
      .max(65_535)
      .optional()
      .meta({ description: 'A port of its own for `/metrics`, which is then not on the other; 0 is a free one.' }),
    tls: tlsSchema.optional().meta({ description: 'By what it is known where it speaks TLS itself.' }),
    workers: z
      .union([z.literal('auto'), wholeNumber.min(1).max(MOST_WORKERS)])
      .default(1)
      .meta({ description: 'Processes that serve the one port; `auto` is one for each core.' }),
    timeoutMs: milliseconds
      .default(TIMEOUT_MS)
      .meta({ description: "A batch's deadline in milliseconds, unless it names one." }),
    maxTimeoutMs: milliseconds
      .default(30_000)
      .meta({ description: 'The longest deadline a batch may have, in milliseconds.' }),
    graceMs: wholeNumber
      .min(0)
      .max(LONGEST_MS)
      .default(10_000)
      .meta({ description: 'The longest time the process takes to end after SIGTERM, in milliseconds.' }),
    maxInFlight: wholeNumber
      .min(1)
      .default(1000)
      .meta({ description: 'Batches under way at a time, in each worker; others are answered 503.' }),
    bufferBytes: wholeNumber
      .min(1024)
      .max(2 ** 40)
      .default(512 * 2 ** 20)
      .meta({ description: 'Bytes of bodies and answers under way that each worker holds; beyond it OVERLOADED.' }),
    maxConnections: wholeNumber
      .min(1)
      .default(10_000)
      .meta({ description: 'Connections open at a time, in each worker; further ones are closed as they come.' }),
    adhoc: z.boolean().default(true).meta({ description: 'Whether /kv, /ordered and /first-reply are there.' }),
    mcp: z
      .boolean()
      .default(false)
      .meta({ description: 'Whether agents may ask, at /mcp, by the Model Context Protocol.' }),
    maxToolBytes: wholeNumber
      .min(1024)
      .max(2 ** 20)
      .default(65_536)
      .meta({ description: 'Bytes of the text that an agent is answered; what is larger is cut to whole members.' }),
    playground: z
      .boolean()
      .optional()
      .meta({ description: 'Whether `/` is the playground; by default on a loopback host, and in the demo.' }),
    corsOrigins: z.array(origin).default([]).meta({
      description: 'Origins whose pages may read answers, without credentials; each written out, without `*`.',
    }),
    hosts: z
      .array(host)
      .default([])
      .meta({ description: 'The hosts it serves; by default any, on a loopback address localhost and IP addresses.' }),
    traceStatements: z
      .boolean()
      .default(false)
      .meta({ description: "Whether exported traces hold the queries' own values." }),
  })
  .refine((value) => value.timeoutMs <= value.maxTimeoutMs, {
    path: ['timeoutMs'],
    message: `at most maxTimeoutMs is allowed here, also of the ${TIMEOUT_MS} that it is where it is left out`,
    ...besides('timeoutMs', 'maxTimeoutMs'),
  });

const limits = z.strictObject({
  bodyBytes: bytes.default(1_048_576).meta({ description: "Bytes of a request's body." }),
  depth: wholeNumber.min(2).max(1000).default(32).meta({ description: "Nesting of a request's JSON; the body is 1." }),
  queries: wholeNumber.min(1).max(100_000).default(500).meta({ description: 'Queries and groups written out.' }),
  nesting: wholeNumber.min(0).max(100).default(4).meta({ description: 'Groups below the top level.' }),
  keyChars: wholeNumber.min(1).max(65_536).default(256).meta({ description: 'Characters of a key or an `as`.' }),
  calls: wholeNumber
    .min(1)
    .max(1_000_000)
    .default(1000)
    .meta({ description: 'Queries and forEach items that one batch runs.' }),
  answerBytes: bytes
    .default(67_108_864)
    .meta({ description: 'Bytes that one batch gathers, copies included; beyond it TOO_LARGE.' }),
  work: wholeNumber
    .min(1000)
    .max(1_000_000_000)
    .default(5_000_000)
    .meta({ description: 'Pieces of work that one batch lets codap do; beyond it TOO_LARGE.' }),
  streamIdleMs: milliseconds.default(30_000).meta({
    description: 'Milliseconds between two reads of a list or body that flows, and for a client that takes nothing.',
  }),
  streamMs: milliseconds.default(3_600_000).meta({ description: 'Milliseconds of a list or body that flows, in all.' }),
});

const common = z.object({
  timeoutMs: milliseconds
    .default(2000)
    .meta({ description: "Default and ceiling of a query's own time-out, in milliseconds." }),
  attemptTimeoutMs: milliseconds
    .optional()
    .meta({ description: 'The time-out of one call of the store, in milliseconds.' }),
  concurrency: wholeNumber.min(1).max(100_000).meta({ description: 'Calls under way at a time, in each worker.' }),
  queue: wholeNumber
    .min(0)
    .max(1_000_000)
    .default(1000)
    .meta({ description: 'Queries that may wait for a place; beyond it OVERLOADED.' }),
  maxBytes: bytes
    .default(8 * 2 ** 20)
    .meta({ description: 'Bytes of one gathered answer, decoded; beyond it TOO_LARGE.' }),
  describe: z
    .boolean()
    .default(false)
    .meta({ description: 'Whether `GET /sources/{name}` tells what is in the store: names and types, no values.' }),
  ...layerOptions,
});

/** Of each limit the most that a configuration may say. */
export const LOOSEST: Readonly<Record<string, unknown>> = Object.fromEntries(
  Object.entries(limits.shape).map(([name, limit]) => [name, limit.unwrap().maxValue]),
);

/** How the service listens and what it grants a batch; durations in milliseconds. */
export type ServerConfig = z.output<typeof server>;

/** What one request may ask for; sizes in bytes, durations in milliseconds. */
export type Limits = z.output<typeof limits>;

/** A source: what every source has, beside the options of its adapter. */
export interface SourceConfig extends z.output<typeof common> {
  readonly name: string;
  readonly adapter: string;
  /** The operations allowed; all of the adapter's if left out. */
  readonly ops?: readonly string[];
}

/** A checked configuration, every default in place. */
export interface Config {
  readonly server: ServerConfig;
  readonly limits: Limits;
  readonly sources: Readonly<Record<string, SourceConfig>>;
  /** Where the paths that it names start. */
  readonly folder: string;
  /** Its saved batches; what they say is checked with the sources they name. */
  readonly batches: readonly BatchText[];
  /** Who may ask, by their names, in the order written; undefined where everyone may. */
  readonly callers?: ReadonlyMap<string, CallerConfig> | undefined;
}

/** What the schema makes of a configuration: JavaScript's own objects put names of digits alone first. */
export interface Unordered extends Omit<Config, 'callers'> {
  readonly callers?: Readonly<Record<string, CallerConfig>> | undefined;
}

const BATCH = 'a saved batch, or the path of its file, is allowed here';

/** The schema of a whole configuration, with a branch for each of these adapters. */
export function configSchema(adapters: Adapters): z.ZodType<Unordered> {
  const branches = Object.entries(adapters).map(([name, adapter]) => branch(name, adapter));
  const source = z.discriminatedUnion('adapter', branches as [z.ZodObject, ...z.ZodObject[]]);
  return z.strictObject({
    server: server.prefault({}).meta({ description: 'How it listens, and what it grants a batch.' }),
    limits: limits.prefault({}).meta({ description: 'What one request may ask for.' }),
    sources: z
      .record(nameSchema, source)
      .default({})
      .transform((sources) =>
        Object.fromEntries(Object.entries(sources).map(([name, options]) => [name, { name, ...options }])),
      )
      .meta({ description: 'What may be read, by names of your own.' }),
    batches: z
      .record(nameSchema, z.union([z.string().min(1, BATCH), z.object({})], BATCH))
      .optional()
      .meta({ description: 'Saved batches by their names, written out or as the path of a file.' }),
    callers: z
      .record(nameSchema, callerSchema)
      .refine((callers) => Object.keys(callers).length > 0, 'at least one caller is allowed here')
      .optional()
      .meta({ description: 'Who may ask, by names of your own; without it everyone may.' }),
  }) as unknown as z.ZodType<Unordered>;
}

function branch(name: string, adapter: Adapter): z.ZodObject {
  const { options, ops, defaults } = adapter;
  return options
    .safeExtend({
      ...common.shape,
      concurrency: common.shape.concurrency.default(defaults.concurrency),
      ops: z
        .array(z.enum(Object.keys(ops)))
        .min(1)
        .optional()
        .meta({ description: "The operations allowed; all of the adapter's if left out." }),
      adapter: z.literal(name).meta({ description: 'The kind of store.' }),
    })
    .superRefine(
      (source, context) => {
        const allowed = Object.keys(ops).filter((op) => adapter.allows?.(op, source) ?? true);
        for (const [at, op] of ((source.ops as string[] | undefined) ?? []).entries()) {
          const message = `with what else this source says, ${choice(allowed)}`;
          if (!allowed.includes(op)) context.addIssue({ code: 'custom', path: ['ops', at], message });
        }
      },
      besides('ops', ...Object.keys(options.shape)),
    );
}
