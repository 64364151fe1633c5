import type { Memory } from '../budget/memory.ts';
import type { Asked, TraceContext } from './call-trace.ts';
import type { Deadline } from './deadline.ts';
import type { Payload } from './payload.ts';
import type { Work } from '../budget/work.ts';

/**
 * Who asks: the headers that a source may forward, and the trace context and the name, which every source may
 * see.
 */
export interface Caller extends TraceContext {
  readonly headers: Readonly<Record<string, string>>;
  /** The caller's name in the configuration; undefined where everyone may ask. */
  readonly name?: string | undefined;
  /** What is known of them, for `$caller`: JSON data. No source sees it but as part of a query's params. */
  readonly claims?: object | undefined;
}

/**
 * What accompanies a query through the layers. A layer under which several callers share one call gives that
 * call a `signal` that aborts when the last of them has left, and a `deadline` that grows with theirs.
 */
export interface Context {
  readonly signal: AbortSignal;
  readonly deadline: Deadline;
  readonly caller: Caller;
  /** Counts bytes before they are collected. Whoever makes a call lets go of what it holds. */
  readonly memory: Memory;
  /** Lets what is large be read in turns with others. */
  readonly work: Work;
  /**
   * Says that what the call has begun in the store goes on until then, whoever has left: it keeps its place
   * meanwhile.
   */
  readonly lingers?: (until: Promise<unknown>) => void;
}

/** As much of a query's context as whoever reads its answer needs. */
export type ReadContext = Pick<Context, 'signal' | 'memory' | 'work'>;

/**
 * One read, its params compiled by the adapter. `want` says how the caller takes the answer: gathered, item
 * by item, or as bytes.
 */
export interface Query extends Asked {
  /** The hash of its params, once it was worked out. */
  hash?: number | undefined;
  /** The point that it reads, once that was worked out; null for a query that reads none. */
  point?: object | null | undefined;
}

/** Reads from one datastore. Cancellation is never optional. Rejects with CodapError alone. */
export type Fetch = (query: Query, context: Context) => Promise<Payload>;
