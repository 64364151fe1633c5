import { isIP } from 'node:net';
import { z } from 'zod';
import type { Adapter } from '../../adapters/adapter.ts';
import { choice } from '../store/check-schema.ts';

/** The longest wait a timer can hold, in milliseconds. */
const LONGEST = 2 ** 31 - 1;
/** A text may not grow longer than this, in bytes: some way below what one JavaScript string can hold. */
const LARGEST = 256 * 2 ** 20;

const milliseconds = z.int().min(1).max(LONGEST);
const bytes = z.int().min(1024).max(LARGEST);
const origin = z
  .string()
  .refine(
    (text) => URL.canParse(text) && new URL(text).origin === text,
    'an origin such as https://app.example, without a path, is allowed here',
  );

const host = z
  .string()
  .refine(
    (text) => isIP(text) !== 0 || /^[a-z\d_]([a-z\d_.-]*[a-z\d_])?\.?$/i.test(text),
    'a host name or an IP address, without a port, is allowed here',
  );

const server = z
  .strictObject({
    host: z.string().min(1).default('127.0.0.1'),
    port: z.int().min(0).max(65_535).default(8080),
    timeoutMs: milliseconds.default(2000),
    maxTimeoutMs: milliseconds.default(30_000),
    graceMs: z.int().min(0).max(LONGEST).default(10_000),
    maxInFlight: z.int().min(1).default(1000),
    bufferBytes: z
      .int()
      .min(1024)
      .max(2 ** 40)
      .default(512 * 2 ** 20)
      .meta({ description: 'Bytes of bodies and answers under way that the process holds; beyond it OVERLOADED.' }),
    maxConnections: z
      .int()
      .min(1)
      .default(10_000)
      .meta({ description: 'Connections open at a time; further ones are closed as they come.' }),
    adhoc: z.boolean().default(true),
    corsOrigins: z.array(origin).default([]),
    hosts: z
      .array(host)
      .default([])
      .meta({ description: 'The hosts it serves; by default any, on a loopback address localhost and IP addresses.' }),
  })
  .refine((value) => value.timeoutMs <= value.maxTimeoutMs, {
    path: ['timeoutMs'],
    message: 'at most maxTimeoutMs is allowed here',
  });

const limits = z.strictObject({
  bodyBytes: bytes.default(1_048_576),
  depth: z.int().min(2).max(1000).default(32),
  queries: z.int().min(1).max(100_000).default(500),
  nesting: z.int().min(0).max(100).default(4),
  keyChars: z.int().min(1).max(65_536).default(256),
  calls: z.int().min(1).max(1_000_000).default(1000),
  answerBytes: bytes.default(67_108_864),
  work: z.int().min(1000).max(1_000_000_000).default(5_000_000),
  streamIdleMs: milliseconds.default(30_000),
  streamMs: milliseconds.default(3_600_000),
});

/** Calls a source may have under way, by adapter, unless configured. */
const CONCURRENCY: Readonly<Record<string, number>> = { rest: 512, mongo: 100, s3: 50 };

const common = z.object({
  timeoutMs: milliseconds.default(2000),
  attemptTimeoutMs: milliseconds.optional(),
  concurrency: z.int().min(1).max(100_000).default(100),
  queue: z.int().min(0).max(1_000_000).default(1000),
  maxBytes: bytes.default(8 * 2 ** 20),
});

/** How the service listens and what it grants a batch; durations in milliseconds. */
export type ServerConfig = z.output<typeof server>;

/** What one request may ask for (CONTRACT §5); sizes in bytes, durations in milliseconds. */
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
}

/** The schema of a whole configuration, with a branch for each of these adapters. */
export function configSchema(adapters: Readonly<Record<string, Adapter>>): z.ZodType<Config> {
  const branches = Object.entries(adapters).map(([name, adapter]) => branch(name, adapter));
  const source = z.discriminatedUnion('adapter', branches as [z.ZodObject, ...z.ZodObject[]]);
  const name = z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/,
      'a name of 1 to 64 letters, digits, _ and -, beginning with a letter or digit, is allowed here',
    );
  return z.strictObject({
    server: server.prefault({}),
    limits: limits.prefault({}),
    sources: z
      .record(name, source)
      .default({})
      .transform((sources) =>
        Object.fromEntries(Object.entries(sources).map(([name, options]) => [name, { name, ...options }])),
      ),
  }) as unknown as z.ZodType<Config>;
}

function branch(name: string, adapter: Adapter): z.ZodObject {
  const { options, ops } = adapter;
  return (options as z.ZodObject)
    .safeExtend({
      ...common.shape,
      concurrency: common.shape.concurrency.removeDefault().default(CONCURRENCY[name] ?? 100),
      ops: z
        .array(z.enum(Object.keys(ops)))
        .min(1)
        .optional(),
      adapter: z.literal(name),
    })
    .superRefine((source, context) => {
      const allowed = Object.keys(ops).filter((op) => adapter.allows?.(op, source) ?? true);
      for (const [at, op] of ((source.ops as string[] | undefined) ?? []).entries()) {
        const message = `with what else this source says, ${choice(allowed)}`;
        if (!allowed.includes(op)) context.addIssue({ code: 'custom', path: ['ops', at], message });
      }
    });
}
