import { readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';

const THREADS = '/proc/self/task';
/** As Node.js calls those on which V8 compiles and collects garbage. */
const NAME = 'V8Worker';
/** Beside the event loop, such a thread gets a tenth of a core. */
const NICE = 10;

/**
 * Has the event loop go before V8's threads where they share a core: it would wait for one that compiles or
 * marks for up to 16 ms, several times in a row. On Linux, where each thread has a nice value of its own
 * (sched(7)); elsewhere, and where that cannot be set, nothing is done.
 */
export function putEventLoopFirst(): void {
  if (process.platform !== 'linux') return;
  try {
    for (const thread of readdirSync(THREADS))
      if (readFileSync(`${THREADS}/${thread}/comm`, 'latin1').trimEnd() === NAME) setPriority(Number(thread), NICE);
  } catch {
    // They then share the core as before.
  }
}
