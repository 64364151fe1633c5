import type { CodapError } from '../errors.ts';
import type { CallTrace } from '../store/call-trace.ts';
import type { Context, Query } from '../store/fetch.ts';
import type { Payload } from '../store/payload.ts';

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

/** What a call has reserved of its source's rate. */
export interface Token {
  /** The store is asked now. */
  spend(): void;
}

/** What the layers of a source tell each other of a call, beside what its store is told. */
export interface LayerContext extends Context {
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
}

/** Reads from one datastore through layers. Rejects with CodapError alone, as what it wraps does. */
export type LayerFetch = (query: Query, context: LayerContext) => Promise<Payload>;
