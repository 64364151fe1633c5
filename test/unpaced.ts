import { afterAll } from 'vitest';
import { Pace } from '../src/service/pace.ts';

/**
 * A setup file. On a machine that is busy with other things the event loop lags, and codap refuses batches:
 * but in tests of just that it lets them in.
 */

const allows = Reflect.get(Pace.prototype, 'allows');
const always = (): boolean => true;

Pace.prototype.allows = always;

/** Runs a test in which codap refuses what the event loop cannot bear, as it does elsewhere. */
export async function paced(run: () => Promise<void>): Promise<void> {
  Pace.prototype.allows = allows;
  try {
    await run();
  } finally {
    Pace.prototype.allows = always;
  }
}

// The next file may run in the same process.
afterAll(() => {
  Pace.prototype.allows = allows;
});
