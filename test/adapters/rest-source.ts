import { rest, type RestOptions } from '../../adapters/rest.ts';
import type { Connection } from '../../adapters/adapter.ts';
import type { Context } from '../../src/fetch.ts';
import type { Payload } from '../../src/payload.ts';

/** A REST source's options, defaults filled in. */
export function restOptions(own: Record<string, unknown>, common: Partial<RestOptions> = {}): RestOptions {
  return {
    ...rest.options.parse(own),
    name: 'api',
    timeoutMs: 2000,
    concurrency: 8,
    maxBytes: 65_536,
    ...common,
  };
}

/** What compiling params gives: the query for `fetch`, and the faults as `path: detail`. */
export function compiled(options: RestOptions, op: string, params: Record<string, unknown>) {
  const faults: string[] = [];
  const checked = rest.ops[op]!.params.safeParse(params);
  for (const issue of checked.error?.issues ?? []) faults.push(`${issue.path.join('/')}: ${issue.message}`);
  const query = checked.success
    ? rest.compile(op, checked.data as Record<string, unknown>, options, (path, detail) =>
        faults.push(`${path.join('/')}: ${detail}`),
      )
    : undefined;
  return {
    query: query as { path: string; headers: Record<string, string>; body?: { text: string; contentType: string } },
    faults,
  };
}

/** A context whose signal nobody aborts, unless told. */
export function context(own: Partial<Context> = {}): Context {
  return { signal: new AbortController().signal, deadline: performance.now() + 5000, caller: { headers: {} }, ...own };
}

/** Compiles and runs one query. */
export async function run(
  connection: Connection,
  options: RestOptions,
  op: string,
  params: Record<string, unknown>,
  { want = 'value', ...own }: Partial<Context> & { want?: Payload['kind'] } = {},
): Promise<Payload> {
  const { query, faults } = compiled(options, op, params);
  if (faults.length > 0) throw new Error(faults.join('; '));
  return connection.fetch({ op, params: query, want }, context(own));
}
