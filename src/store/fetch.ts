import type { Memory } from '../budget/memory.ts';
import type { CodapError } from '../errors.ts';
import type { CallTrace, TraceContext } from './call-trace.ts';
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

/** Looks on as a call waits in a line of its caller's, for a token or a place, and as its turn comes. */
export interface Onlooker {
  /** `wasAsked`: another attempt of the call was at the store before. */
  waits(wasAsked?: boolean): void;
  goesOn(): void;
}

/** When a store was asked for an answer: an instant, `performance.now()` ms. */
export interface AskedAt {
  at: number;
}

/** What a call has taken of its source's rate: spent as the store is asked. */
export interface Token {
  isSpent: boolean;
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
  /** What became of the call, written by the layers: only where the batch is traced. */
  readonly trace?: CallTrace | undefined;
  /** The oldest answer out of a cache that will do, in milliseconds; by itself any that the cache serves. */
  readonly maxAgeMs?: number | undefined;
  /** A cache counts the answer's age from then: who sends an attempt says so, and who shares a call. */
  readonly asked?: AskedAt | undefined;
  /** This attempt was sent because an earlier one took long. */
  readonly hedge?: true;
  /** How many attempts were sent before this one and failed: of a retry. */
  readonly resends?: number;
  /** The failure of an earlier call, or of the part that it passed on: this one goes on, which is a retry. */
  readonly resumedAfter?: CodapError | undefined;
  /** The source turns others away until this attempt has told whether the store answers again. */
  readonly probe?: true;
  /** Of a source with a rate, below that. */
  readonly token?: Token;
  /** Whoever has to know whether this call waits in a line: nobody hears of one that need not. */
  readonly onlooker?: Onlooker | undefined;
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
export interface Query {
  readonly op: string;
  readonly params: unknown;
  readonly want: Payload['kind'];
  /** The hash of its params, once it was worked out. */
  hash?: number | undefined;
  /** The point that it reads, once that was worked out; null for a query that reads none. */
  point?: object | null | undefined;
}

/** Reads from one datastore. Cancellation is never optional. Rejects with CodapError alone. */
export type Fetch = (query: Query, context: Context) => Promise<Payload>;
