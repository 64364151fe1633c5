import type { Payload } from './payload.ts';

/** Who asks. `headers` are those a source may forward (part of every cache, coalesce and merge key); the trace context is part of none. */
export interface Caller {
  readonly headers: Readonly<Record<string, string>>;
  readonly traceparent?: string;
  readonly tracestate?: string;
}

/** What accompanies a query through the layers. `deadline` is an instant, in `performance.now()` ms. */
export interface Context {
  readonly signal: AbortSignal;
  readonly deadline: number;
  readonly caller: Caller;
}

/** One read, its params compiled by the adapter; `want` says how the caller takes the answer: gathered, item by item, or as bytes. */
export interface Query {
  readonly op: string;
  readonly params: unknown;
  readonly want: Payload['kind'];
}

/** Reads from one datastore. Cancellation is never optional. Rejects with CodapError alone. */
export type Fetch = (query: Query, context: Context) => Promise<Payload>;

/** Wraps a Fetch: timeout, limit, retry… */
export type Layer = (next: Fetch) => Fetch;
