import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { afterAll } from 'vitest';

/**
 * A setup file. It fails each test file in which Node warned of anything, such as a listener too many or a
 * rejection that nobody handles: in its own process, in its worker threads or in a process that it started.
 * The output of such a process has to be piped, for what is inherited cannot be read here.
 */

/** How Node tells of a warning, of its own death, and codap of its. */
const TOLD = /^\(node:\d+\) |^Node\.js v\d|ending after an uncaught error/;

/** An error that a test throws into a process, to see how it ends. */
const PROVOKED = /"message":"thrown by a test"/;

const found: string[] = [];
const reading = new Set<Promise<unknown>>();

function note(what: unknown): void {
  found.push(what instanceof Error ? `${what.name}: ${what.message}` : String(what));
}

function read(output: Readable): void {
  const lines = createInterface({ input: output });
  lines.on('line', (line) => {
    if (TOLD.test(line) && !PROVOKED.test(line)) note(line);
  });
  const ended = once(lines, 'close').finally(() => reading.delete(ended));
  reading.add(ended);
}

const onWorker = (message: unknown): void => read((message as { worker: Worker }).worker.stderr);

function onChild(message: unknown): void {
  const { process: child } = message as { process: ChildProcess };
  child.once('spawn', () => {
    for (const output of [child.stdout, child.stderr]) {
      if (output) read(output);
      else if (basename(child.spawnfile) === 'node') note('a process was started whose output is not piped');
    }
  });
}

process.on('warning', note).on('unhandledRejection', note);
subscribe('worker_threads', onWorker);
subscribe('child_process', onChild);

// Set up first, it runs after every other hook of the file. The next file may run in the same process.
afterAll(async () => {
  await Promise.all(reading);
  await turn();
  process.off('warning', note).off('unhandledRejection', note);
  unsubscribe('worker_threads', onWorker);
  unsubscribe('child_process', onChild);
  if (found.length > 0) throw new Error(`Node warned:\n${found.join('\n')}`);
});
