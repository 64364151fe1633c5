import cluster, { type Worker } from 'node:cluster';
import closeWithGrace from 'close-with-grace';

/** Why a process ends: a signal, an uncaught error, or, for a worker, its primary's word or death. */
export interface Cause {
  readonly signal?: string | undefined;
  readonly err?: Error | undefined;
}

/** What ends the process on a signal. */
export interface Ending {
  /**
   * From now on a signal waits until `start` has resolved, and then calls `end`, which ends the process.
   * Resolves, or rejects, as `start` does.
   */
  runs<T>(start: () => Promise<T>, end: (started: T, cause: Cause) => Promise<void>): Promise<T>;
}

/** The word by which a primary has a worker end. */
export const DRAIN = 'drain';

/** What a terminal sends to every process that was started from it. */
const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const;

/**
 * From now on SIGTERM and SIGINT end the process: while it starts, at once; once it runs, in an orderly way.
 * A second signal ends it at once, but for a worker: there the primary does that.
 */
export function endOnSignal(): Ending {
  let end: ((cause: Cause) => Promise<void>) | undefined;
  let ending = false;
  const react = async (cause: Cause): Promise<void> => {
    ending = true;
    if (end) await end(cause);
    else if (cause.err) console.error(cause.err);
  };
  const options = { delay: false, logger: false } as const;
  if (cluster.worker) {
    const { close } = closeWithGrace({ ...options, skip: [...SIGNALS] }, react);
    whenToldToEnd(cluster.worker, () => {
      if (!ending) close();
    });
  } else {
    closeWithGrace(options, react);
  }
  return {
    runs(start, finish) {
      const started = start();
      end = async (cause) => finish(await started, cause);
      return started;
    },
  };
}

/** A terminal's signal reaches a worker and its primary, which tells the worker: whichever comes first. */
function whenToldToEnd(worker: Worker, end: () => void): void {
  for (const signal of SIGNALS) process.on(signal, end);
  process.on('message', (word) => {
    if (word === DRAIN) end();
  });
  worker.once('disconnect', () => {
    // Else Node would end the process here and now, and cut its answers.
    worker.exitedAfterDisconnect = true;
    end();
  });
}
