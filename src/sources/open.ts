import type { z } from 'zod';
import type { Adapter, Adapters, Connection, Description, Example, ReportFault, Op } from '../../adapters/adapter.ts';
import type { CallSpan } from '../store/call-trace.ts';
import { choice } from '../store/choice.ts';
import type { Config, SourceConfig } from '../config/load.ts';
import type { Caller, Query } from '../store/fetch.ts';
import { type Call, type CallBounds, callOf, reduced, Who } from './call.ts';
import { DurationsBy } from '../budget/durations.ts';
import { checkParams } from './check-params.ts';
import { Circuit } from './circuit.ts';
import { allBut, type Layer, stack } from './layer.ts';
import { attempt } from './layers/attempt.ts';
import { breaker, judge } from './layers/breaker.ts';
import { cache } from './layers/cache.ts';
import { coalesce } from './layers/coalesce.ts';
import { hedge } from './layers/hedge.ts';
import { limit, mostFlowing } from './layers/limit.ts';
import { merge } from './layers/merge.ts';
import { observe } from './layers/observe.ts';
import { prime } from './layers/prime.ts';
import { rate } from './layers/rate.ts';
import { retry } from './layers/retry.ts';
import { attemptTimeout, timeout } from './layers/timeout.ts';
import { ToldFailures, toldOf } from './told-failures.ts';

/** An open source, as the rest of codap sees it: its layers stacked over its adapter. */
export interface Source extends Pick<Adapter, 'notation'> {
  readonly name: string;
  readonly adapter: string;
  /** The operations the operator allows. */
  readonly ops: readonly string[];
  /** What an op's params may say: the same schema of all sources of this kind that narrow it alike. */
  paramsOf(op: string): z.ZodType;
  /** The same with what the options of this one alone name. */
  ownParamsOf(op: string): z.ZodType;
  /** An example of a query; undefined where the op of its adapter's example is not allowed. */
  readonly example: Example | undefined;
  /** Milliseconds: the default and ceiling of a query's own time-out. */
  readonly timeoutMs: number;
  /** How many of its lists and bodies may be open at a time. */
  readonly mostFlowing: number;
  /** Its layers, outermost first: they tell what they hold a query to, and how they stand. */
  readonly layers: readonly Layer[];
  /** How long its calls took, by op and by what became of them: `ok` or the error's code. */
  readonly calls: DurationsBy;
  /** The headers of the caller that it forwards, in lower case. */
  readonly forwards: readonly string[];
  /** Asks it: through its layers, with what it may know of the caller, within its own time-out. */
  readonly call: Call;
  /**
   * Checks a query's op and params, with a Placeholder or a Filled wherever a reference stands, and answers
   * what `fetch` takes. Faults are relative to the query. `stream`: it asks to be answered item by item.
   */
  prepare(op: string, params: Record<string, unknown>, fault: ReportFault, stream?: boolean): unknown;
  /** What a query of this caller would do, as its adapter tells it. */
  describe(query: Query, caller: Caller): Description;
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
  spanOf(query: Query, withValues: boolean): CallSpan;
  ping(signal: AbortSignal): ReturnType<Connection['ping']>;
  /**
   * What is in it, as its adapter tells it, asked for through its layers in nobody's name; undefined where
   * its `describe` is off or nothing can be told.
   */
  readonly contents?: ((bounds: ContentsBounds) => Promise<object>) | undefined;
}

/** What a look at what is in a source has to keep to. */
export interface ContentsBounds extends Pick<CallBounds, 'signal' | 'memory' | 'work' | 'deadline'> {
  /** Hears of each question that failed: the look may go on without its answer. */
  readonly failed: (error: unknown) => void;
}

/** All sources of a configuration; disposing closes them. */
export interface Sources extends AsyncDisposable {
  readonly sources: ReadonlyMap<string, Source>;
}

/** Where the operator reads what has become of a source. Nothing that is logged throws. */
export interface SourceLog {
  warn(fields: object, text: string): void;
  info(fields: object, text: string): void;
}

/**
 * Opens every source with its adapter. A store that is down does not keep this from returning. Nothing is
 * logged without a log.
 */
export async function openSources(
  { sources: configured, limits: { streamIdleMs } }: Pick<Config, 'sources' | 'limits'>,
  adapters: Adapters,
  log?: SourceLog,
): Promise<Sources> {
  await using opening = new AsyncDisposableStack();
  const sources = new Map<string, Source>();
  for (const options of Object.values(configured)) {
    const adapter = adapters[options.adapter] as Adapter;
    const connection = opening.use(await adapter.open({ ...options, streamIdleMs }));
    const below: Below = { options, adapter, connection, calls: new DurationsBy(options.name), log };
    const layers = layersOf(below);
    for (const layer of layers) opening.defer(() => layer.dispose?.());
    const source = sourceOf(below, layers);
    sources.set(source.name, source);
  }
  const opened = opening.move();
  return { sources, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** What a source is made of, below its layers. */
interface Below {
  readonly options: SourceConfig;
  readonly adapter: Adapter;
  readonly connection: Connection;
  /** How its calls ended, and how long they took. */
  readonly calls: DurationsBy;
  readonly log: SourceLog | undefined;
}

function sourceOf({ options, adapter, connection, calls }: Below, layers: readonly Layer[]): Source {
  const { name } = options;
  const example = adapter.example(options);
  const forwards = adapter.forwards?.(options) ?? [];
  const call = callOf(options.timeoutMs, forwards, stack(connection.fetch, layers));
  const ops = (options.ops ?? Object.keys(adapter.ops)).filter((op) => adapter.allows?.(op, options) ?? true);
  const paramsOf = (op: string): z.ZodType => adapter.params?.(op, options) ?? adapter.ops[op]!.params;
  return {
    name,
    adapter: options.adapter,
    ops,
    paramsOf,
    ownParamsOf: (op) => adapter.ownParams?.(op, options) ?? paramsOf(op),
    example: ops.includes(example.op) ? example : undefined,
    timeoutMs: options.timeoutMs,
    mostFlowing: mostFlowing(options.concurrency),
    layers,
    calls,
    forwards,
    call,
    prepare(op, params, fault, stream = false) {
      const spec = Object.hasOwn(adapter.ops, op) ? adapter.ops[op] : undefined;
      if (!spec || !ops.includes(op)) return fault(['op'], choice(ops));
      const below: ReportFault = (path, detail) => fault(['params', ...path], detail);
      const { params: fitting, wrong } = checkParams(spec.params, params, below);
      if (!fitting) return undefined;
      if (spec.gathered && !stream) checkGathered(spec.gathered, fitting, below);
      return adapter.compile(op, fitting, options, (path, detail) => {
        if (!wrong.has(path[0])) below(path, detail);
      });
    },
    describe: (query, caller) => adapter.describe(query, options, reduced(caller, forwards)),
    ownMeta: adapter.ownMeta ?? [],
    notation: adapter.notation,
    streams: (op) => (Object.hasOwn(adapter.ops, op) ? adapter.ops[op]?.streams : undefined),
    isSingle: (op) => adapter.ops[op]?.single === true,
    retries: options.retry !== false,
    part: (query, first, last, etag) => connection.part?.(query, first, last, etag),
    spanOf: (query, withValues) => adapter.spanOf?.(query, options, withValues) ?? { name: query.op, attributes: {} },
    ping: (signal) => connection.ping(signal),
    contents: options.describe ? contentsOf(call, connection.contents) : undefined,
  };
}

function checkGathered(bounds: NonNullable<Op['gathered']>, params: Record<string, unknown>, fault: ReportFault): void {
  for (const [name, most] of Object.entries(bounds))
    if (Number(params[name]) > most) fault([name], `at most ${most} is allowed here without stream`);
}

/** Each question has the source's whole time, and none is answered from a cache. */
function contentsOf(call: Call, contents: Connection['contents']): Source['contents'] {
  const nobody = new Who({ headers: {} });
  return (
    contents &&
    (({ failed, ...bounds }) =>
      contents((query) => {
        const asked = call(query, nobody, { ...bounds, started: performance.now(), timeoutMs: undefined, maxAgeMs: 0 });
        asked.catch(failed);
        return asked;
      }))
  );
}

/** The recipe: which layers stand over a store, outermost first, and why each stands where it does. */
function layersOf({ options, adapter: { ops }, connection, calls, log }: Below): readonly Layer[] {
  const { name, timeoutMs, attemptTimeoutMs } = options;
  const { merger } = connection;
  const circuit = circuitOf(options, log);
  const failures = new ToldFailures((told) => log?.warn({ source: name, ...told }, 'the store fails'));
  const local = new Set(Object.keys(ops).filter((op) => ops[op]?.local));
  const ofStore = (layer: Layer): Layer => allBut(local, layer);
  const places = limit(options, ({ op }) => (local.has(op) ? undefined : circuit.whenOpens));
  return [
    // Above all others, because it counts what the caller sees.
    observe(calls),
    // Above retry and the limit, because all attempts, and waiting for a place, spend the query's own time.
    timeout(name),
    // Above all that asks the store, because a hit costs nothing below.
    ...(options.cache ? [ofStore(cache({ ...options, cache: options.cache }, connection))] : []),
    // Above the limit, because who joins a call takes no place.
    ...(options.coalesce ? [coalesce(timeoutMs)] : []),
    // Above retry, because what failed is one query, and asked again as one.
    ...(merger ? [merge(merger)] : []),
    // Above hedge, because an attempt has failed only once no other one runs beside it.
    ...(options.retry ? [ofStore(retry(options.retry, circuit))] : []),
    // Above the breaker, because each of two attempts is judged by itself.
    ...(options.hedge ? [ofStore(hedge(options.hedge))] : []),
    // Above the rate and the limit, because who is turned away at once takes no token and no place.
    ...(options.breaker ? [ofStore(breaker(circuit))] : []),
    // Above the rate, because who waits until others have read on would keep tokens from what is gathered.
    places.flowing,
    // Above the limit, because who waits for a token needs no place yet.
    ...(options.rate ? [ofStore(rate({ name, queue: options.queue, ...options.rate }, circuit.whenOpens))] : []),
    // Above the attempt, because one begins when there is a place and the store is called.
    places,
    // Below the limit, because the store alone is judged, and tokens are taken as it is asked; above the
    // attempt's time-out, which is its failure.
    ofStore(judge(circuit, failures)),
    // Above the attempt's time-out, because that is one of the ways in which an attempt ends.
    attempt,
    // Above prime, because an attempt is in time only once the first item or byte is here.
    ...(attemptTimeoutMs === undefined ? [] : [attemptTimeout(name, attemptTimeoutMs)]),
    // Above the store alone, because all others take a list or body that was handed on for one that is here.
    prime,
  ];
}

/** The circuit of a source, each of whose changes is told; one that never opens where it has no breaker. */
function circuitOf(options: SourceConfig, log: SourceLog | undefined): Circuit {
  const { name: source, breaker, timeoutMs, attemptTimeoutMs = timeoutMs } = options;
  const wholeMs = Math.min(attemptTimeoutMs, timeoutMs);
  return new Circuit({ name: source, ...(breaker || NEVER), wholeMs }, (failure) => {
    if (failure) log?.warn({ source, ...toldOf(failure) }, 'the store fails: its circuit is open');
    else log?.info({ source }, 'the store answers again: its circuit is closed');
  });
}

const NEVER = { ratio: 1, calls: Infinity, openMs: 1 };
