import { abortReason, type CodapError, toCodapError } from '../../errors.ts';
import { instantOf } from '../../store/deadline.ts';
import type { Query } from '../../store/fetch.ts';
import type { LayerContext } from '../layer-context.ts';
import type { Payload } from '../../store/payload.ts';
import type { Circuit } from '../circuit.ts';
import { ask, type CountingLayer, type Layer } from '../layer.ts';
import type { ToldFailures } from '../told-failures.ts';

/**
 * Turns calls away at once while the circuit is open, CIRCUIT_OPEN, but for one probe at a time. How an
 * attempt ended it hears from `judge`.
 */
export function breaker(circuit: Circuit): CountingLayer<'breaker'> {
  const { ratio, calls, openMs } = circuit.options;
  return {
    name: 'breaker',
    bounds: () => ({ ratio, calls, openMs }),
    state: () => ({ open: Number(circuit.isOpen) }),
    wrap(next) {
      const probe = async (query: Query, context: LayerContext): Promise<Payload> => {
        if (!circuit.beginProbe()) throw circuit.refusal();
        try {
          return await next(query, { ...context, probe: true });
        } finally {
          circuit.endProbe();
        }
      };
      return (query, context) => (circuit.isOpen ? probe(query, context) : ask(next, query, context));
    },
  };
}

/**
 * Tells the circuit, and whoever tells of failures, how each call of the store ended. Whose turn had
 * just come as the circuit opened is turned away here.
 */
export function judge(circuit: Circuit, failures?: ToldFailures): Layer {
  return {
    name: 'judge',
    wrap: (next) => (query, context) => {
      if (circuit.isOpen && !context.probe) return Promise.reject(circuit.refusal());
      if (context.token && !context.signal.aborted) context.token.spend();
      if (context.probe) circuit.asksProbe();
      const { era } = circuit;
      const started = performance.now();
      const answer = ask(next, query, context);
      const answered = (): void => {
        circuit.answered(era);
        failures?.answered();
      };
      answer.then(answered, (error: unknown) => {
        const failure = context.signal.aborted ? abortReason(context.signal) : toCodapError(error);
        const isAnswer = verdict(failure, context, started, circuit.options.wholeMs);
        if (isAnswer === undefined) return;
        if (isAnswer && !isOperators(failure, context)) return answered();
        failures?.failed(failure);
        if (isAnswer) circuit.answered(era);
        else circuit.failed(era, failure);
      });
      return answer;
    },
  };
}

/**
 * Whether what the store has answered is for the operator to mend. Where it was told something of who asks,
 * it may have refused them.
 */
function isOperators({ code }: CodapError, { caller }: LayerContext): boolean {
  return code === 'BAD_RESPONSE' || (code === 'FORBIDDEN' && Object.keys(caller.headers).length === 0);
}

/**
 * What a failure says of the store: true that it answered, 429 and SlowDown included; false that it failed.
 * Undefined if nothing, because the caller left, the call was none of the store's, or its time was over
 * before the store had had all of the source's. No connection and a 5xx need no time to be the store's.
 */
function verdict(
  { code, rejected }: CodapError,
  { signal, deadline }: LayerContext,
  started: number,
  wholeMs: number,
): boolean | undefined {
  if (code === 'TIMEOUT') {
    // Not what has passed: where the event loop lags, a call with little time ends late.
    const had = Math.min(performance.now(), instantOf(deadline)) - started;
    return had < enough(wholeMs) ? undefined : false;
  }
  if (signal.aborted || rejected || code === 'CANCELLED' || code === 'INTERNAL') return undefined;
  return code !== 'UNAVAILABLE';
}

/**
 * What counts as the whole time. A batch with the source's own time spends a little of it before it asks, and
 * a timer may fire a millisecond early.
 */
function enough(wholeMs: number): number {
  return Math.min(0.9 * wholeMs, wholeMs - 1);
}
