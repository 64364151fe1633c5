import { CodapError } from '../../errors.ts';
import { untilLetIn } from '../../store/signals.ts';
import { onceClosed } from '../closing.ts';
import type { Layer } from '../layer.ts';

/** How many calls of a source may run, and how many may wait for that. */
export interface LimitOptions {
  readonly name: string;
  readonly concurrency: number;
  readonly queue: number;
}

/**
 * At most `concurrency` calls at a time, at most `queue` waiting, first come first served; beyond that
 * OVERLOADED at once. A body or a list keeps its place until it is closed, and so does what lingers in the
 * store after its caller has left.
 */
export function limit({ name, concurrency, queue }: LimitOptions): Layer {
  let running = 0;
  let queued = 0;
  /** In order; who has left it stays in it until it would be their turn. */
  const line: { enter: (() => void) | undefined }[] = [];
  const release = (): void => {
    for (let next = line.shift(); next; next = line.shift()) {
      if (!next.enter) continue;
      queued -= 1;
      return next.enter();
    }
    running -= 1;
  };
  const turn = (signal: AbortSignal): Promise<void> =>
    untilLetIn(signal, (enter) => {
      const place: (typeof line)[number] = { enter };
      line.push(place);
      queued += 1;
      return () => {
        place.enter = undefined;
        queued -= 1;
      };
    });

  return {
    name: 'limit',
    bounds: () => ({ concurrency, queue }),
    state: () => ({ running, queued, limit: concurrency }),
    wrap: (next) => async (query, context) => {
      if (running < concurrency) running += 1;
      else if (queued < queue) await turn(context.signal);
      else
        throw new CodapError('OVERLOADED', 'too many queries wait for this source', { source: name, rejected: true });
      let holders = 1;
      const leave = (): void => {
        holders -= 1;
        if (holders === 0) release();
      };
      const lingers = (until: Promise<unknown>): void => {
        holders += 1;
        until.then(leave, leave);
      };
      try {
        return onceClosed(await next(query, { ...context, lingers }), leave);
      } catch (error) {
        leave();
        throw error;
      }
    },
  };
}
