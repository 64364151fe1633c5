import { CallSignal } from '../../call-signal.ts';
import { tooLate } from '../../errors.ts';
import { instantOf, latestOf } from '../../store/deadline.ts';
import type { Fetch } from '../../store/fetch.ts';
import { discard, type Payload } from '../../store/payload.ts';
import { whenAborted } from '../../when-aborted.ts';
import { onceClosed } from '../closing.ts';
import { ask, type Layer } from '../layer.ts';

/**
 * Keeps a query's deadline, also one that grows, whatever the layers below do: TIMEOUT at once, the call
 * aborted, its late answer thrown away. A list or body is in time once it is open; from then on only the
 * caller's signal ends it.
 */
export function timeout(source: string): Layer {
  return { name: 'timeout', wrap: (next) => keeping(source, Infinity, next) };
}

/** The same for one attempt, which has so many milliseconds from the moment that it begins. */
export function attemptTimeout(source: string, timeoutMs: number): Layer {
  return {
    name: 'attempt timeout',
    bounds: () => ({ timeoutMs }),
    wrap: (next) => keeping(source, timeoutMs, next),
  };
}

function keeping(source: string, timeoutMs: number, next: Fetch): Fetch {
  return (query, context) => {
    const now = performance.now();
    const own = now + timeoutMs;
    let end = Math.min(instantOf(context.deadline), own);
    if (context.signal.aborted) return Promise.reject(context.signal.reason as Error);
    if (end <= now) return Promise.reject(tooLate(source, true));
    return new Promise<Payload>((resolve, reject) => {
      const signal = new CallSignal();
      let settled = false;
      const abort = (reason: unknown): void => {
        settled = true;
        clearTimeout(timer);
        reject(reason);
        signal.abort(reason);
      };
      const onTime = (): void => {
        const by = Math.min(instantOf(context.deadline), own);
        if (by > end) {
          end = by;
          timer = setTimeout(onTime, end - performance.now());
          return;
        }
        unlink();
        abort(tooLate(source));
      };
      let timer = setTimeout(onTime, end - now);
      const unlink = whenAborted(context.signal, () => abort(context.signal.reason));
      const succeed = (payload: Payload): void => {
        if (settled) return discard(payload);
        clearTimeout(timer);
        resolve(onceClosed(payload, unlink));
      };
      const fail = (error: unknown): void => {
        if (settled) return;
        clearTimeout(timer);
        unlink();
        reject(error);
      };
      ask(next, query, { ...context, signal, deadline: Math.min(latestOf(context.deadline), own) })
        .then(succeed)
        .catch(fail);
    });
  };
}
