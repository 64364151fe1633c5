import { rest, type RestOptions } from '../../adapters/rest.ts';
import { options } from '../../adapters/rest/options.ts';
import { COMMON, compile, runner } from './source.ts';

/** A REST source's options, defaults filled in. */
export function restOptions(own: Record<string, unknown>, common: Partial<RestOptions> = {}): RestOptions {
  return { ...options.parse(own), name: 'api', ...COMMON, ...common };
}

/** What compiling params gives: the query for `fetch`, and the faults as `path: detail`. */
export function compiled(options: RestOptions, op: string, params: Record<string, unknown>) {
  const { query, faults } = compile(rest, options, op, params);
  return {
    query: query as { path: string; headers: Record<string, string>; body?: { text: string; contentType: string } },
    faults,
  };
}

/** Compiles and runs one query. */
export const run = runner(rest);
