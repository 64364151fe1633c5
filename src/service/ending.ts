import cluster, { type Worker } from 'node:cluster';
import { openSync } from 'node:fs';
import { isatty } from 'node:tty';
import closeWithGrace from 'close-with-grace';
import { hearPrimary } from './primary.ts';

/** Why a process ends: a signal, an uncaught error, or, for a worker, its primary's word or death. */
export interface Cause {
  readonly signal?: string | undefined;
  readonly err?: Error | undefined;
}

/** What ends the process on a signal. */
export interface Ending {
  /**
   * From now on a signal waits until `start` has resolved, and then calls `end`, which ends the process; of
   * a worker, `allEnd` resolves once its primary has all of them end, or is gone. Resolves, or rejects, as
   * `start` does.
   */
  runs<T>(start: () => Promise<T>, end: (started: T, cause: Cause, allEnd: Promise<void>) => Promise<void>): Promise<T>;
  /**
   * Calls `reload`, which never rejects, on each SIGHUP from now on, and now if there was one before; one
   * call at a time: where signals come meanwhile, one more follows.
   */
  reloads(reload: () => Promise<void>): void;
}

/** What a terminal sends to every process that was started from it. */
const SIGNALS = ['SIGINT', 'SIGQUIT', 'SIGTERM'] as const;

/** A terminal sends SIGINT to npm and to what it runs, and npm hands it on: within this time they are one. */
const SAME_SIGINT_MS = 300;

/**
 * From now on SIGTERM and SIGINT end the process: while it starts, at once; once it runs, in an orderly way.
 * A second signal ends it at once, but for a worker: there the primary does that. SIGHUP has it read its
 * configuration again, but where it says that the terminal has gone from which the process was started: that
 * ends it, too.
 */
export function endOnSignal(): Ending {
  let end: ((cause: Cause) => Promise<void>) | undefined;
  let ending = false;
  const all = Promise.withResolvers<void>();
  const react = async (cause: Cause): Promise<void> => {
    ending = true;
    if (end) await end(cause);
    else if (cause.err) console.error(cause.err);
  };
  const skip = ['SIGHUP' as const, ...(cluster.worker ? SIGNALS : ['SIGINT' as const])];
  let interrupted = false;
  const { close } = closeWithGrace({ delay: false, logger: false, skip }, (cause) =>
    react(interrupted ? { signal: 'SIGINT' } : cause),
  );
  const endOnce = (): void => {
    if (!ending) close();
  };
  if (cluster.worker) whenToldToEnd(cluster.worker, endOnce, all.resolve);
  else {
    whenInterrupted(() => {
      if (ending) process.exit(1);
      interrupted = true;
      close();
    });
  }
  const reloading = new Reloading();
  whenToldToReload(endOnce, () => {
    if (!ending) reloading.ask();
  });
  return {
    runs(start, finish) {
      const started = start();
      end = async (cause) => finish(await started, cause, all.promise);
      return started;
    },
    reloads: (reload) => reloading.by(reload),
  };
}

/**
 * A terminal's signal reaches a worker and its primary, which tells the worker: whichever comes first. One
 * that the worker alone gets ends none of the others.
 */
function whenToldToEnd(worker: Worker, end: () => void, allEnd: () => void): void {
  for (const signal of SIGNALS) process.on(signal, end);
  hearPrimary({
    drain() {
      allEnd();
      end();
    },
  });
  worker.once('disconnect', () => {
    // Else Node would end the process here and now, and cut its answers.
    worker.exitedAfterDisconnect = true;
    allEnd();
    end();
  });
}

function whenInterrupted(end: () => void): void {
  let last = -Infinity;
  process.on('SIGINT', () => {
    if (performance.now() - last < SAME_SIGINT_MS) return;
    last = performance.now();
    end();
  });
}

/** Of workers the primary alone is told by SIGHUP, and tells them one after the other. */
function whenToldToReload(end: () => void, reload: () => void): void {
  const terminal = openTerminal();
  process.on('SIGHUP', () => {
    // Of one that has gone nothing can be asked any more.
    if (terminal !== undefined && !isatty(terminal)) end();
    else if (cluster.isPrimary) reload();
  });
  if (cluster.isWorker) hearPrimary({ reload });
}

/**
 * The terminal that this process belongs to, if there is one; it stays open: a process that can open no file
 * any more would take it for gone.
 */
function openTerminal(): number | undefined {
  try {
    return openSync('/dev/tty', 'r');
  } catch {
    return undefined;
  }
}

/** Runs what reloads, one at a time. */
class Reloading {
  #reload: (() => Promise<void>) | undefined;
  #asked = false;
  #running = false;

  ask(): void {
    this.#asked = true;
    this.#run();
  }

  by(reload: () => Promise<void>): void {
    this.#reload = reload;
    this.#run();
  }

  #run(): void {
    if (!this.#reload || !this.#asked || this.#running) return;
    this.#asked = false;
    this.#running = true;
    const next = (): void => {
      this.#running = false;
      this.#run();
    };
    this.#reload().then(next, next);
  }
}
