import { abortReason, type Code, toCodapError } from '../../errors.ts';
import type { Attempt, AttemptSpan, TraceContext } from '../../store/call-trace.ts';
import type { LayerContext, LayerFetch } from '../layer-context.ts';
import type { Payload } from '../../store/payload.ts';
import { ask, type Layer } from '../layer.ts';

/**
 * Tells a cache when the store was asked. Where a batch is traced, notes each call of the store: when it
 * left, when it was answered or given up, and the code it failed with. A list or body is answered once it is
 * open. Where traces are exported, each is a span of its own, of which the store is told.
 */
export const attempt: Layer = {
  name: 'attempt',
  wrap: (next) => {
    const noting = notes(next);
    return (query, context) => {
      const { asked, hedge, trace } = context;
      // Of an attempt and its hedge nobody knows yet whose answer it will be: the earlier one counts.
      if (asked && !hedge) asked.at = performance.now();
      return trace ? noting(query, context) : ask(next, query, context);
    };
  },
};

function notes(next: LayerFetch): LayerFetch {
  return (query, context) => {
    // What nobody wants any more does not leave.
    if (context.signal.aborted) return next(query, context);
    const trace = context.trace!;
    const span = trace.spanOf?.(query);
    const noted = new Noted(context, span);
    const parent = span ?? trace.asker ?? context.caller;
    const answer = ask(next, query, parent === context.caller ? context : within(parent, context));
    // Whoever is handed the answer listens to it later than this.
    answer.then(
      (payload) => noted.answered(payload),
      (error: unknown) => noted.failed(error),
    );
    return answer;
  };
}

/** What the store is told of the trace names this as its parent. */
function within({ traceparent, tracestate }: TraceContext, context: LayerContext): LayerContext {
  return { ...context, caller: { ...context.caller, traceparent, tracestate } };
}

const ONCE = { once: true };

/** One attempt while it runs. It ends when it is given up, however long the store takes to notice. */
class Noted {
  readonly #attempt: Attempt;
  readonly #signal: AbortSignal;

  constructor({ trace, signal, hedge, resends }: LayerContext, span: AttemptSpan | undefined) {
    const started = performance.now();
    this.#attempt = hedge ? { started, hedge } : { started };
    if (span) this.#attempt.span = span;
    if (resends !== undefined) this.#attempt.resends = resends;
    this.#signal = signal;
    trace!.started ??= started;
    trace!.attempts.push(this.#attempt);
    // Not by `whenAborted`, which is for signals to which many listen.
    signal.addEventListener('abort', this, ONCE);
  }

  answered(payload: Payload): void {
    this.#end(payload.kind === 'items' ? undefined : payload.meta?.status);
  }

  failed(error: unknown): void {
    const { code, status } = toCodapError(error);
    this.#end(status, code);
  }

  #end(status: number | undefined, code?: Code): void {
    const { ended, span } = this.#attempt;
    if (ended !== undefined) return;
    this.#attempt.ended = performance.now();
    if (code) this.#attempt.code = code;
    if (span && status !== undefined) span.status = status;
    this.#signal.removeEventListener('abort', this);
  }

  handleEvent(): void {
    this.failed(abortReason(this.#signal));
  }
}
