import { abortReason, toCodapError } from '../../errors.ts';
import type { Attempt } from '../../store/call-trace.ts';
import type { Context, Fetch } from '../../store/fetch.ts';
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
        return Promise.reject(error);
      }
    };
  },
};

function notes(next: Fetch): Fetch {
  return async (query, context) => {
    // What nobody wants any more does not leave.
    if (context.signal.aborted) return next(query, context);
    const noted = new Noted(context);
    try {
      const payload = await next(query, context);
      noted.end();
      return payload;
    } catch (error) {
      noted.end(error);
      throw error;
    }
  };
}

const ONCE = { once: true };

/** One attempt while it runs. It ends when it is given up, however long the store takes to notice. */
class Noted {
  readonly #attempt: Attempt;
  readonly #signal: AbortSignal;

  constructor({ trace, signal, hedge }: Context) {
    const started = performance.now();
    this.#attempt = hedge ? { started, hedge } : { started };
    this.#signal = signal;
    trace!.started ??= started;
    trace!.attempts.push(this.#attempt);
    // Not by `whenAborted`, which is for signals to which many listen.
    signal.addEventListener('abort', this, ONCE);
  }

  end(error?: unknown): void {
    if (this.#attempt.ended !== undefined) return;
    this.#attempt.ended = performance.now();
    if (error !== undefined) this.#attempt.code = toCodapError(error).code;
    this.#signal.removeEventListener('abort', this);
  }

  handleEvent(): void {
    this.end(abortReason(this.#signal));
  }
}
