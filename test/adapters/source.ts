import type { Adapter, Connection } from '../../adapters/adapter.ts';
import type { Caller, Context } from '../../src/store/fetch.ts';
import type { CallBounds } from '../../src/sources/call.ts';
import type { LayerContext } from '../../src/sources/layer-context.ts';
import type { Payload } from '../../src/store/payload.ts';
import { unbounded } from '../unbounded.ts';

/** What every source has, beside an adapter's own options. */
export const COMMON = { timeoutMs: 2000, concurrency: 8, maxBytes: 65_536, describe: false, streamIdleMs: 30_000 };

type Params = Record<string, unknown>;

/** What compiling params gives: the query for `fetch`, and the faults as `path: detail`. */
export function compile<O>(adapter: Adapter<O>, options: O, op: string, params: Params) {
  const faults: string[] = [];
  const checked = adapter.ops[op]!.params.safeParse(params);
  for (const issue of checked.error?.issues ?? []) faults.push(`${issue.path.join('/')}: ${issue.message}`);
  const query: unknown = checked.success
    ? adapter.compile(op, checked.data as Params, options, (path, detail) =>
        faults.push(`${path.join('/')}: ${detail}`),
      )
    : undefined;
  return { query, faults };
}

/** Who has no name and sends no headers. */
export const NOBODY: Caller = { headers: {} };

/** A context, of a store or of a layer, whose signal nobody aborts, unless told. */
export function context(own: Partial<LayerContext> = {}): LayerContext {
  return {
    signal: new AbortController().signal,
    deadline: performance.now() + 5000,
    caller: NOBODY,
    ...unbounded(),
    ...own,
  };
}

/** What compiles and runs one query of an adapter. */
export function runner<O>(adapter: Adapter<O>) {
  return (
    connection: Connection,
    options: O,
    op: string,
    params: Params,
    { want = 'value', ...own }: Partial<Context> & { want?: Payload['kind'] } = {},
  ): Promise<Payload> => {
    const { query, faults } = compile(adapter, options, op, params);
    if (faults.length > 0) throw new Error(faults.join('; '));
    return connection.fetch({ op, params: query, want }, context(own));
  };
}

/** What a call of a source may take: its own time-out, and nothing that ends it before. */
export function bounds(): CallBounds {
  const { signal, memory, work } = context();
  return { signal, memory, work, started: performance.now(), timeoutMs: undefined, deadline: Infinity };
}
