import type { Code } from '../errors.ts';
import type { Payload } from './payload.ts';

/** What a store is told of the trace that it is asked in (W3C Trace Context). */
export interface TraceContext {
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
}

/** A call by OpenTelemetry's semantic conventions: the name of its span, and what that says of itself. */
export interface CallSpan {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number>>;
}

/** An attempt as a span of a trace that is exported. */
export interface AttemptSpan extends CallSpan {
  /** 16 hexadecimal digits. */
  readonly id: string;
  /** What the store is told, so that what it does is a child of this span (W3C Trace Context). */
  readonly traceparent: string;
  /** As it came with the batch whose span it is. */
  readonly tracestate: string | undefined;
  /** The HTTP status of the answer, where it has one. */
  status?: number;
}

/** One attempt at the store, from when it left until it was answered. Instants, `performance.now()` ms. */
export interface Attempt {
  readonly started: number;
  /** Absent while it runs. */
  ended?: number;
  /** Why it failed. */
  code?: Code;
  /** It was sent because an earlier one took long. */
  readonly hedge?: true;
  /** So many were sent before it and failed. */
  resends?: number;
  /** Where traces are exported. */
  span?: AttemptSpan;
}

/** What is asked of a store; the whole of it is a `Query`. */
export interface Asked {
  readonly op: string;
  readonly params: unknown;
  readonly want: Payload['kind'];
}

/** What the layers tell of one call, where its batch is traced. */
export interface CallTrace {
  readonly attempts: Attempt[];
  /** Where a cache was asked: what it had. */
  cache?: 'hit' | 'stale' | 'miss';
  /** It joined a call that somebody else had begun. */
  shared?: 'coalesced' | 'merged' | undefined;
  /** When it left for the store, or joined a call that had: an instant. */
  started?: number | undefined;
  /** Of a call that several wait for: in whose trace an attempt without a span is. */
  readonly asker?: TraceContext | undefined;
  /** Makes the span of an attempt that leaves: where traces are exported. */
  readonly spanOf?: ((query: Asked) => AttemptSpan) | undefined;
}
