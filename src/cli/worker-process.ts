import type { Worker } from 'node:cluster';
import { DRAIN } from '../service/ending.ts';
import type { Word } from '../service/primary.ts';

/** How a process ended; neither where it could not be started. */
export interface Exit {
  readonly status: number | null;
  readonly signal: string | null;
}

/** A worker, seen from the primary. */
export class WorkerProcess {
  readonly pid: number | undefined;
  /** Resolves to the address where it listens, or to undefined once it will not. */
  readonly listens: Promise<string | undefined>;
  /** Resolves once it takes nothing new: it is ending, or has ended. */
  readonly leaves: Promise<void>;
  readonly ends: Promise<Exit>;
  readonly #worker: Worker;

  /** Calls back when it has ended. */
  constructor(worker: Worker, ended: (exit: Exit) => void) {
    const listens = Promise.withResolvers<string | undefined>();
    const leaves = Promise.withResolvers<void>();
    const ends = Promise.withResolvers<Exit>();
    const end = (exit: Exit): void => {
      listens.resolve(undefined);
      leaves.resolve();
      ends.resolve(exit);
      ended(exit);
    };
    worker.on('message', (word: Word) => {
      if (word === 'draining') leaves.resolve();
      else listens.resolve(word.address);
    });
    worker.once('exit', (status: number | null, signal: string | null) => end({ status, signal }));
    worker.on('error', () => {
      // One that never was does not exit.
      if (worker.process.pid === undefined) end({ status: null, signal: null });
    });
    this.#worker = worker;
    this.pid = worker.process.pid;
    this.listens = listens.promise;
    this.leaves = leaves.promise;
    this.ends = ends.promise;
  }

  /** Resolves once it has ended: to false if it may have cut an answer. One that never listened had none. */
  async endsWhole(): Promise<boolean> {
    const { status } = await this.ends;
    return status === 0 || (await this.listens) === undefined;
  }

  /** Has it finish its answers and end. */
  drain(): void {
    // One that has just died will be told of by its exit.
    if (this.#worker.isConnected()) this.#worker.send(DRAIN, () => {});
  }

  /** Ends it here and now. */
  kill(): void {
    this.#worker.process.kill('SIGKILL');
  }
}
