import { mongo, type MongoOptions } from '../../../adapters/mongo.ts';
import type { MongoQuery } from '../../../adapters/mongo/query.ts';
import { Filled, Placeholder } from '../../../src/store/placeholder.ts';
import { COMMON } from '../source.ts';

/** A source that is never opened. */
export function source(own: Partial<MongoOptions> = {}): MongoOptions {
  return {
    ...COMMON,
    name: 'shop',
    url: 'mongodb://127.0.0.1:1',
    database: 'shop',
    collections: ['users', 'orders'],
    merge: true,
    maxDocuments: 10_000,
    maxBytes: 8 * 2 ** 20,
    ...own,
  };
}

/** Checks an operation's params as codap does: their schema, then the adapter. */
export function checked(op: string, params: Record<string, unknown>, options = source()) {
  const faults: { at: string; detail: string }[] = [];
  const parsed = mongo.ops[op]?.params.safeParse(params);
  if (!parsed?.success) {
    for (const { path, message } of parsed?.error.issues ?? []) faults.push({ at: path.join('/'), detail: message });
    return { faults, query: undefined };
  }
  const fault = (path: readonly (string | number)[], detail: string) => faults.push({ at: path.join('/'), detail });
  const query = mongo.compile(op, parsed.data as Record<string, unknown>, options, fault) as MongoQuery;
  return { faults, query };
}

/** Where a find with this filter is at fault. */
export function filterFaults(filter: unknown, options = source()): string[] {
  return checked('find', { collection: 'users', filter }, options).faults.map(({ at }) => at.replace(/^filter\/?/, ''));
}

/** Where an aggregation with this pipeline is at fault. */
export function pipelineFaults(pipeline: unknown, options = source()): string[] {
  const { faults } = checked('aggregate', { collection: 'users', pipeline }, options);
  return faults.map(({ at }) => at.replace(/^pipeline\/?/, ''));
}

/** The filter that is sent. */
export function sentFilter(filter: unknown): unknown {
  return checked('find', { collection: 'users', filter }).query?.command['filter'];
}

/** The pipeline that is sent. */
export function sentPipeline(pipeline: unknown): unknown {
  return checked('aggregate', { collection: 'users', pipeline }).query?.command['pipeline'];
}

/** A reference before its value is known. */
export const hole = new Placeholder('$result');

/** A reference that was filled in. */
export function filled(value: unknown): Filled {
  return new Filled(value);
}

/** A `$join` that was filled in: literal strings as they are, filled-in ones in a list of one. */
export function joined(...parts: (string | [string])[]): Filled {
  const read = parts.map((part) =>
    typeof part === 'string' ? { text: part, literal: true } : { text: part[0], literal: false },
  );
  return new Filled(read.map(({ text }) => text).join(''), read);
}
