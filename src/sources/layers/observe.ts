import { toCodapError } from '../../errors.ts';
import type { DurationsBy } from '../../observe/durations.ts';
import { ask, type Layer } from '../layer.ts';

/**
 * Counts every call, by its op and what became of it: `ok` or the error's code; and how long that took. A
 * list or body is ok once it is open.
 */
export function observe(calls: DurationsBy): Layer {
  return {
    name: 'observe',
    wrap: (next) => (query, context) => {
      const began = performance.now();
      const ended = (code: string): void => calls.of(query.op, code).add(performance.now() - began);
      const answer = ask(next, query, context);
      answer.then(
        () => ended('ok'),
        (error: unknown) => ended(toCodapError(error).code),
      );
      return answer;
    },
  };
}
