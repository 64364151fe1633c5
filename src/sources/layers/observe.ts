import { toCodapError } from '../../errors.ts';
import type { DurationsBy } from '../../observe/durations.ts';
import type { Layer } from '../layer.ts';

/**
 * Counts every call, by its op and what became of it: `ok` or the error's code; and how long that took. A
 * list or body is ok once it is open.
 */
export function observe(calls: DurationsBy): Layer {
  return {
    name: 'observe',
    wrap: (next) => async (query, context) => {
      const began = performance.now();
      let code = 'ok';
      try {
        return await next(query, context);
      } catch (error) {
        code = toCodapError(error).code;
        throw error;
      } finally {
        calls.of(query.op, code).add(performance.now() - began);
      }
    },
  };
}
