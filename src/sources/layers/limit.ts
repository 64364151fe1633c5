import { CodapError } from '../../errors.ts';
import type { Fetch } from '../../store/fetch.ts';
import type { Payload } from '../../store/payload.ts';
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

  /** Whoever is let in takes the place over. */
  const leave = (): void => {
    if (running > concurrency || !line.letIn()) running -= 1;
  };
  /** Takes a place of its own, beyond the last one for the moment until its call ends. */
  const lingers = (until: Promise<unknown>): void => {
    running += 1;
    until.then(leave, leave);
  };
  const handOn = (payload: Payload): Payload => onceClosed(payload, leave);
  const fail = (error: unknown): never => {
    leave();
    throw error;
  };

  return {
    name: 'limit',
    bounds: () => ({ concurrency, queue }),
    state: () => ({ running, queued: line.length, limit: concurrency }),
    wrap(next) {
      const run: Fetch = (query, context) => ask(next, query, { ...context, lingers }).then(handOn, fail);
      return (query, context) => {
        if (running < concurrency) {
          running += 1;
          return run(query, context);
        }
        const { signal, caller, onlooker } = context;
        if (line.length >= queue && !line.makeRoom(caller.name, overloaded)) return Promise.reject(overloaded());
        const turn = line.wait(signal, caller.name);
        onlooker?.waits();
        return turn.then(() => {
          onlooker?.goesOn();
          return run(query, context);
        });
      };
    },
  };
}
