import { abortReason, toCodapError } from '../../errors.ts';
import type { Attempt } from '../../store/call-trace.ts';
import type { Fetch } from '../../store/fetch.ts';
import { whenAborted } from '../../when-aborted.ts';
import type { Layer } from '../layer.ts';

/**
 * Where a batch is traced, notes each call of the store: when it left, when it was answered or given up, and
 * the code it failed with. A list or body is answered once it is open.
 */
export const attempt: Layer = {
  name: 'attempt',
  wrap: (next) => {
    const noting = notes(next);
    return (query, context) => {
      if (context.trace) return noting(query, context);
      try {
        return next(query, context);
      } catch (error) {
        return Promise.reject(error as Error);
      }
    };
  },
};

function notes(next: Fetch): Fetch {
  return async (query, context) => {
    const { trace, signal, hedge } = context;
    // What nobody wants any more does not leave.
    if (!trace || signal.aborted) return next(query, context);
    const noted: Attempt = hedge ? { started: performance.now(), hedge } : { started: performance.now() };
    trace.started ??= noted.started;
    trace.attempts.push(noted);
    const end = (error?: unknown): void => {
      if (noted.ended !== undefined) return;
      noted.ended = performance.now();
      if (error !== undefined) noted.code = toCodapError(error).code;
    };
    // A store may take a while to notice that it was given up.
    const takeBack = whenAborted(signal, () => end(abortReason(signal)));
    try {
      const payload = await next(query, context);
      end();
      return payload;
    } catch (error) {
      end(error);
      throw error;
    } finally {
      takeBack();
    }
  };
}
