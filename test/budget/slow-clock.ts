import { setImmediate as nextTurn } from 'node:timers/promises';
import { vi } from 'vitest';

/**
 * From the next turn of the event loop on, lets the clock go on by a second whenever it is looked at, so that
 * work which gives others their turn does so as often as it can. `vi.restoreAllMocks()` ends it.
 */
export async function slowClock(): Promise<void> {
  await nextTurn();
  let now = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 1000));
}

/** How often some work gives others their turn. */
export function turnsOf(steps: Iterator<void>): number {
  let turns = 0;
  while (!steps.next().done) turns += 1;
  return turns;
}
