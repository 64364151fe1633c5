import { CodapError } from '../../errors.ts';
import type { Layer } from '../../store/fetch.ts';
import { discard, type Payload } from '../../store/payload.ts';
import { onceClosed } from '../closing.ts';

/**
 * Keeps a deadline whatever the layers below do: TIMEOUT at once, the call aborted, its late answer thrown away.
 * Outermost it is the query's own deadline; with `attemptTimeoutMs`, innermost, it bounds each attempt, from the moment the store is called.
 * A list or body is in time once it is open; from then on only the caller's signal ends it.
 */
export function timeout(name: string, attemptTimeoutMs = Infinity): Layer {
  return (next) => (query, context) => {
    const now = performance.now();
    const deadline = Math.min(context.deadline, now + attemptTimeoutMs);
    const milliseconds = deadline - now;
    if (context.signal.aborted) return Promise.reject(context.signal.reason as Error);
    if (milliseconds <= 0) return Promise.reject(late(name));
    return new Promise<Payload>((resolve, reject) => {
      const controller = new AbortController();
      let settled = false;
      const abort = (reason: unknown): void => {
        settled = true;
        clearTimeout(timer);
        reject(reason);
        controller.abort(reason);
      };
      const onAbort = (): void => abort(context.signal.reason);
      const timer = setTimeout(() => {
        context.signal.removeEventListener('abort', onAbort);
        abort(late(name));
      }, milliseconds);
      context.signal.addEventListener('abort', onAbort, { once: true });
      const unlink = (): void => context.signal.removeEventListener('abort', onAbort);
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
      try {
        next(query, { ...context, signal: controller.signal, deadline })
          .then(succeed)
          .catch(fail);
      } catch (error) {
        fail(error);
      }
    });
  };
}

function late(name: string): CodapError {
  return new CodapError('TIMEOUT', 'no answer within the time allowed', { source: name });
}
