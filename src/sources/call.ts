import type { Caller, Query } from '../store/fetch.ts';
import type { LayerContext, LayerFetch } from './layer-context.ts';
import type { Payload } from '../store/payload.ts';

/**
 * What one call has to keep to: until when it is wanted, how long it may take, where its bytes and work are
 * counted.
 */
export interface CallBounds extends Pick<
  LayerContext,
  'signal' | 'memory' | 'work' | 'trace' | 'resumedAfter' | 'maxAgeMs'
> {
  /** When its own time began: an instant, `performance.now()` ms. */
  readonly started: number;
  /** Milliseconds that it may take from then on; never more than the source's own time-out. */
  readonly timeoutMs: number | undefined;
  /** When it has to be there, however much of its own time is left: an instant, too. */
  readonly deadline: number;
}

/** Who asks, and what each source may know of them, which is worked out once per source. */
export class Who {
  readonly caller: Caller;
  readonly reduced = new Map<Call, Caller>();

  constructor(caller: Caller) {
    this.caller = caller;
  }
}

/** Asks a source once, for somebody, within bounds. */
export type Call = (query: Query, who: Who, bounds: CallBounds) => Promise<Payload>;

/** Makes the one way to ask a source, which stands before its layers. */
export function callOf(timeoutMs: number, forwards: readonly string[], fetch: LayerFetch): Call {
  const call: Call = (query, who, bounds) => {
    const {
      signal,
      memory,
      work,
      trace,
      resumedAfter,
      maxAgeMs,
      started,
      deadline,
      timeoutMs: own = timeoutMs,
    } = bounds;
    let caller = who.reduced.get(call);
    if (!caller) who.reduced.set(call, (caller = reduced(who.caller, forwards)));
    const end = Math.min(deadline, started + Math.min(own, timeoutMs));
    return fetch(query, { signal, deadline: end, caller, memory, work, trace, resumedAfter, maxAgeMs });
  };
  return call;
}

/** The caller as a source may see them: with no other headers than those that it forwards, and no claims. */
export function reduced(caller: Caller, forwards: readonly string[]): Caller {
  const { name, traceparent, tracestate } = caller;
  return {
    ...(name !== undefined && { name }),
    headers: forwards.length === 0 ? {} : picked(caller.headers, forwards),
    ...(traceparent !== undefined && { traceparent }),
    ...(tracestate !== undefined && { tracestate }),
  };
}

function picked(headers: Caller['headers'], names: readonly string[]): Record<string, string> {
  // `constructor` is the name of a field as any other.
  const sent = names.filter((name) => Object.hasOwn(headers, name));
  return Object.fromEntries(sent.map((name) => [name, headers[name] as string]));
}
