import { toCodapError } from '../../errors.ts';
import type { DurationsBy } from '../../budget/durations.ts';
import { ask, type Layer } from '../layer.ts';

/**
 * Counts every call for what is gathered, by its op and what became of it: `ok` or the error's code; and how
 * long that took. One for a list or body may be asked for several times: whoever opens it counts it.
 */
export function observe(calls: DurationsBy): Layer {
  return {
    name: 'observe',
    wrap: (next) => (query, context) => {
      if (query.want !== 'value') return next(query, context);
      const began = performance.now();
      const answer = ask(next, query, context);
      answer.then(
        () => calls.of(query.op, 'ok').add(performance.now() - began),
        (error: unknown) => calls.of(query.op, toCodapError(error).code).add(performance.now() - began),
      );
      return answer;
    },
  };
}
