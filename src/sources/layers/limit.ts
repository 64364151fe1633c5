import { CodapError } from '../../errors.ts';
import type { Fetch } from '../../store/fetch.ts';
import { onceClosed } from '../closing.ts';
import { ask, type Layer } from '../layer.ts';
import { FairLine } from '../fair-line.ts';

/** How many calls of a source may run, and how many may wait for that. */
export interface LimitOptions {
  readonly name: string;
  readonly concurrency: number;
  readonly queue: number;
}

/**
 * At most `concurrency` calls at a time, at most `queue` waiting; beyond that OVERLOADED at once. Callers
 * take turns, each one's own calls first come first served, and who has most waiting makes room for others. A
 * body or a list keeps its place until it is closed, and so does what lingers in the store after its caller
 * has left.
 */
export function limit({ name, concurrency, queue }: LimitOptions): Layer {
  let running = 0;
  const line = new FairLine();
  const overloaded = (): CodapError =>
    new CodapError('OVERLOADED', 'too many queries wait for this source', { source: name, rejected: true });

  return {
    name: 'limit',
    bounds: () => ({ concurrency, queue }),
    state: () => ({ running, queued: line.length, limit: concurrency }),
    wrap(next) {
      const run: Fetch = (query, context) => {
        let holders = 1;
        const leave = (): void => {
          holders -= 1;
          // Whoever is let in takes the place over.
          if (holders === 0 && !line.letIn()) running -= 1;
        };
        const lingers = (until: Promise<unknown>): void => {
          holders += 1;
          until.then(leave, leave);
        };
        return ask(next, query, { ...context, lingers }).then(
          (payload) => onceClosed(payload, leave),
          (error: unknown) => {
            leave();
            throw error;
          },
        );
      };
      return (query, context) => {
        if (running < concurrency) {
          running += 1;
          return run(query, context);
        }
        const { signal, caller } = context;
        if (line.length >= queue && !line.makeRoom(caller.name, overloaded)) return Promise.reject(overloaded());
        return line.wait(signal, caller.name).then(() => run(query, context));
      };
    },
  };
}
