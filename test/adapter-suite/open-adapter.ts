import { adapters } from '../../adapters/index.ts';
import type { Adapter } from '../../adapters/adapter.ts';
import type { Query } from '../../src/store/fetch.ts';
import type { Payload, Value } from '../../src/store/payload.ts';
import { unbounded } from '../unbounded.ts';
import { checkConfig } from '../configured.ts';

/**
 * An adapter over one store, asked as codap asks it: configuration and params checked first, no layers
 * between.
 */
export interface OpenAdapter extends AsyncDisposable {
  /** Runs a query; throws if its params are at fault. The deadline is two seconds from now unless told. */
  ask(op: string, params: object, how?: Asking): Promise<Payload>;
  /** The answer gathered. */
  value(op: string, params: object, how?: Asking): Promise<Value>;
  /** The answer as its JSON says. */
  json(op: string, params: object): Promise<unknown>;
  /** Where the params are at fault. */
  faults(op: string, params: object): string[];
  /** What is made of params while a batch is planned. */
  planned(op: string, params: object): unknown;
  ping(signal?: AbortSignal): Promise<number | void>;
  /** What is in the store, and how often it was asked for that. */
  contents(signal?: AbortSignal): Promise<{ told: unknown; calls: number }>;
}

/** How an answer is taken, and when it is no longer wanted. */
export interface Asking {
  readonly want?: Payload['kind'];
  readonly signal?: AbortSignal;
  readonly withinMs?: number;
}

/** Opens the source `options` as a configuration file would describe it. */
export async function openAdapter(options: { adapter: string } & Record<string, unknown>): Promise<OpenAdapter> {
  const { sources, limits } = await checkConfig({ sources: { store: options } });
  const config = { ...sources['store'], streamIdleMs: limits.streamIdleMs };
  const adapter = adapters[options.adapter] as Adapter;
  const connection = await adapter.open(config);

  function prepare(op: string, params: object) {
    const at: string[] = [];
    const checked = adapter.ops[op]?.params.safeParse(params);
    for (const { path } of checked?.error?.issues ?? []) at.push(path.join('/'));
    const fault = (path: readonly (string | number)[]) => void at.push(path.join('/'));
    const query = checked?.success
      ? adapter.compile(op, checked.data as Record<string, unknown>, config, fault)
      : undefined;
    return { at, query };
  }

  async function ask(op: string, params: object, { want = 'value', signal, withinMs = 2000 }: Asking = {}) {
    const { at, query } = prepare(op, params);
    if (at.length > 0) throw new Error(`the params are at fault: ${at.join(', ')}`);
    return fetch({ op, params: query, want }, signal, withinMs);
  }

  function fetch(query: Query, signal = new AbortController().signal, withinMs = 2000): Promise<Payload> {
    const deadline = performance.now() + withinMs;
    return connection.fetch(query, { signal, deadline, caller: { headers: {} }, ...unbounded() });
  }

  async function contents(signal?: AbortSignal) {
    let calls = 0;
    const told = await connection.contents?.((query) => {
      calls += 1;
      return fetch(query, signal);
    });
    return { told, calls };
  }
  const value: OpenAdapter['value'] = async (op, params, how) => (await ask(op, params, how)) as Value;
  return {
    ask,
    value,
    json: async (op, params) => JSON.parse((await value(op, params)).json) as unknown,
    faults: (op, params) => prepare(op, params).at,
    planned: (op, params) => prepare(op, params).query,
    contents,
    ping: (signal = AbortSignal.timeout(2000)) => connection.ping(signal),
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}
