import type { Caller, Context, Fetch, Query } from '../store/fetch.ts';
import type { Payload } from '../store/payload.ts';

/** Within what one call has to stay: until when it is wanted, how long it may take, where its bytes and its work are counted. */
export interface CallBounds extends Pick<Context, 'signal' | 'memory' | 'work'> {
  /** When its own time began: an instant, `performance.now()` ms. */
  readonly started: number;
  /** Milliseconds that it may take from then on; never more than the source's own time-out. */
  readonly timeoutMs: number | undefined;
  /** When it has to be there, however much of its own time is left: an instant, too. */
  readonly deadline: number;
}

/** Asks a source once, for somebody, within bounds. */
export type Call = (query: Query, who: Caller, bounds: CallBounds) => Promise<Payload>;

/** Makes the one way to ask a source, in front of its stacked layers. */
export function callOf(timeoutMs: number, forwards: readonly string[], fetch: Fetch): Call {
  const reduced = new WeakMap<Caller, Caller>();
  return (query, who, { signal, memory, work, started, deadline, timeoutMs: own = timeoutMs }) => {
    let caller = reduced.get(who);
    if (!caller) reduced.set(who, (caller = reduce(who, forwards)));
    const end = Math.min(deadline, started + Math.min(own, timeoutMs));
    return fetch(query, { signal, deadline: end, caller, memory, work });
  };
}

/** The caller as a source may see it: with the headers alone that it forwards. */
function reduce(who: Caller, forwards: readonly string[]): Caller {
  const headers: Record<string, string> = {};
  for (const name of forwards) {
    const value = who.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  return { ...who, headers };
}
