import type { z } from 'zod';
import type { Adapter, Adapters, Connection, Example, Fault } from '../../adapters/adapter.ts';
import type { CallSpan } from '../store/call-trace.ts';
import type { Query } from '../store/fetch.ts';
import { choice } from '../store/check-schema.ts';
import type { Config, SourceConfig } from '../config/load.ts';
import { type Call, callOf } from './call.ts';
import { checkParams } from './check-params.ts';
import { type Layer, stack } from './layer.ts';
import { attempt } from './layers/attempt.ts';
import { hedge } from './layers/hedge.ts';
import { limit } from './layers/limit.ts';
import { prime } from './layers/prime.ts';
import { retry } from './layers/retry.ts';
import { attemptTimeout, timeout } from './layers/timeout.ts';

/** An open source, as the rest of codap sees it: its layers stacked over its adapter. */
export interface Source {
  readonly name: string;
  readonly adapter: string;
  /** The operations the operator allows. */
  readonly ops: readonly string[];
  /** What an op's params may say. */
  paramsOf(op: string): z.ZodType;
  /** An example of a query; undefined where the op of its adapter's example is not allowed. */
  readonly example: Example | undefined;
  /** Milliseconds: the default and ceiling of a query's own time-out. */
  readonly timeoutMs: number;
  /** Its layers, outermost first: they tell what they hold a query to, and how they stand. */
  readonly layers: readonly Layer[];
  /** Asks it: through its layers, with what it may know of the caller, within its own time-out. */
  readonly call: Call;
  /**
   * Checks a query's op and params, with a Placeholder or a Filled wherever a reference stands, and answers
   * what `fetch` takes. Faults are relative to the query. `stream`: it asks to be answered item by item.
   */
  prepare(op: string, params: Record<string, unknown>, fault: Fault, stream?: boolean): unknown;
  /** Params in which `{"$meta": name}` is the store's own word, where its name is no pointer. */
  readonly ownMeta: readonly string[];
  /** How an op can be answered other than gathered. */
  streams(op: string): 'items' | 'body' | undefined;
  /** Whether an op's value is one thing, never a list. */
  isSingle(op: string): boolean;
  /** Whether it may be asked again for what failed; a body that broke is then gone on with, too. */
  readonly retries: boolean;
  /** The query for a part of a body, as a Connection's `part`; undefined where there are none. */
  readonly part: NonNullable<Connection['part']>;
  /** A call as a span that is exported; no value of the query stands in it, unless `withValues`. */
  spanOf(query: Pick<Query, 'op' | 'params'>, withValues: boolean): CallSpan;
  ping(signal: AbortSignal): Promise<void>;
}

/** All sources of a configuration; disposing closes them. */
export interface Sources extends AsyncDisposable {
  readonly sources: ReadonlyMap<string, Source>;
}

/** Opens every source with its adapter. A store that is down does not keep this from returning. */
export async function openSources(config: Pick<Config, 'sources'>, adapters: Adapters): Promise<Sources> {
  const stackOfConnections = new AsyncDisposableStack();
  const sources = new Map<string, Source>();
  for (const options of Object.values(config.sources)) {
    const source = await openSource(options, adapters[options.adapter] as Adapter, stackOfConnections);
    sources.set(source.name, source);
  }
  return { sources, [Symbol.asyncDispose]: () => stackOfConnections.disposeAsync() };
}

async function openSource(options: SourceConfig, adapter: Adapter, connections: AsyncDisposableStack): Promise<Source> {
  const { name } = options;
  const connection = connections.use(await adapter.open(options));
  const example = adapter.example(options);
  const layers = layersOf(options);
  for (const layer of layers) connections.defer(() => layer.dispose?.());
  const ops = (options.ops ?? Object.keys(adapter.ops)).filter((op) => adapter.allows?.(op, options) ?? true);
  return {
    name,
    adapter: options.adapter,
    ops,
    paramsOf: (op) => adapter.ops[op]!.params,
    example: ops.includes(example.op) ? example : undefined,
    timeoutMs: options.timeoutMs,
    layers,
    call: callOf(options.timeoutMs, adapter.forwards?.(options) ?? [], stack(connection.fetch, layers)),
    prepare(op, params, fault, stream = false) {
      const spec = Object.hasOwn(adapter.ops, op) ? adapter.ops[op] : undefined;
      if (!spec || !ops.includes(op)) return fault(['op'], choice(ops));
      const below: Fault = (path, detail) => fault(['params', ...path], detail);
      const { params: fitting, wrong } = checkParams(spec.params, params, below);
      if (!fitting) return undefined;
      for (const [name, most] of Object.entries((!stream && spec.gathered) || {}))
        if (Number(fitting[name]) > most) below([name], `at most ${most} is allowed here without stream`);
      return adapter.compile(op, fitting, options, (path, detail) => {
        if (!wrong.has(path[0])) below(path, detail);
      });
    },
    ownMeta: adapter.ownMeta ?? [],
    streams: (op) => (Object.hasOwn(adapter.ops, op) ? adapter.ops[op]?.streams : undefined),
    isSingle: (op) => adapter.ops[op]?.single === true,
    retries: options.retry !== false,
    part: (query, first, last, etag) => connection.part?.(query, first, last, etag),
    spanOf: (query, withValues) => adapter.spanOf?.(query, options, withValues) ?? { name: query.op, attributes: {} },
    ping: (signal) => connection.ping(signal),
  };
}

/** The recipe: which layers stand over a store, outermost first, and why each stands where it does. */
function layersOf(options: SourceConfig): readonly Layer[] {
  const { name, attemptTimeoutMs } = options;
  return [
    // Above retry and the limit, because all attempts, and waiting for a place, spend the query's own time.
    timeout(name),
    // Above hedge, because an attempt has failed only once no other one runs beside it.
    ...(options.retry ? [retry(options.retry)] : []),
    // Above the limit, because a second attempt needs a place of its own.
    ...(options.hedge ? [hedge(options.hedge)] : []),
    // Above the attempt, because one begins when there is a place and the store is called.
    limit(options),
    // Above the attempt's time-out, because that is one of the ways in which an attempt ends.
    attempt,
    // Above prime, because an attempt is in time only once the first item or byte is here.
    ...(attemptTimeoutMs === undefined ? [] : [attemptTimeout(name, attemptTimeoutMs)]),
    // Above the store alone, because all others take a list or body that was handed on for one that is here.
    prime,
  ];
}
