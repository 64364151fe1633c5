import { s3, type S3Options } from '../../adapters/s3.ts';
import { options } from '../../adapters/s3/options.ts';
import { DEMO_CREDENTIALS } from '../../demo/credentials.ts';
import { COMMON, compile, runner } from './source.ts';

/** An S3 source's options, defaults filled in. */
export function s3Options(own: Record<string, unknown>, common: Partial<S3Options> = {}): S3Options {
  const fixed = { bucket: 'photos', prefix: 'public/', forcePathStyle: true, ...DEMO_CREDENTIALS };
  return { ...options.parse({ ...fixed, ...own }), name: 'photos', ...COMMON, ...common };
}

/** What compiling params gives: the query for `fetch`, and the faults as `path: detail`. */
export function compiled(options: S3Options, op: string, params: Record<string, unknown>) {
  const { query, faults } = compile(s3, options, op, params);
  return { query: query as { key: string; prefix: string; startAfter?: string }, faults };
}

/** Compiles and runs one query. */
export const run = runner(s3);
