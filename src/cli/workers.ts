import type { Worker } from 'node:cluster';
import type { Logger } from 'pino';
import { sharing, type Scrape } from '../observe/scrape.ts';
import { countCollections } from '../observe/process-families.ts';
import { Totals } from '../observe/totals.ts';
import { AHEAD_MS } from '../service/drain.ts';
import type { Cause } from '../service/ending.ts';
import type { Bound } from '../service/primary.ts';
import { nextPauseMs } from './pauses.ts';
import { StartFault } from './start-fault.ts';
import { type Exit, WorkerProcess } from './worker-process.ts';

/** What the workers of one service have in common. */
export interface WorkersOptions {
  readonly count: number;
  /** Milliseconds from the signal within which each of them ends. */
  readonly graceMs: number;
  readonly logger: Logger;
  /**
   * Starts a process that serves the port; 0 is any that is free. The first one, and whoever takes its place,
   * tells what is to be told once.
   */
  readonly fork: (port: number, isFirst: boolean) => Worker;
  /** What each of them has of the configuration in force. */
  readonly bound: () => Bound;
}

/** The processes that serve one port, seen from the one that started them and serves nothing itself. */
export class Workers {
  readonly #options: WorkersOptions;
  readonly #alive = new Set<WorkerProcess>();
  /** What this process counts itself, too. */
  readonly totals = new Totals();
  #graceMs: number;
  #ending = false;

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.#graceMs = options.graceMs;
  }

  /**
   * Starts them; from then on each that leaves is replaced. The first one is alone until it listens: what
   * keeps it from that would keep all of them, and is told once, by it. Resolves to the address once the
   * others have tried, too, or to undefined where all are to end before that.
   */
  async start(port: number): Promise<string | undefined> {
    const { count } = this.#options;
    countCollections();
    const first = this.#start(port, true);
    const address = await first.listens;
    if (address === undefined) {
      const exit = await first.ends;
      return this.#ending ? undefined : endAs(exit);
    }
    // Elsewhere the primary holds the port for them, under the number that was asked for.
    const shared = process.platform === 'linux' && port === 0 ? Number(new URL(address).port) : port;
    const others: WorkerProcess[] = [];
    while (!this.#ending && others.length < count - 1) others.push(this.#start(shared, false));
    for (const worker of [first, ...others])
      this.#keep(worker, shared, worker === first).catch((error: unknown) => this.end({ err: error as Error }));
    await Promise.all(others.map(({ listens }) => listens));
    return this.#ending ? undefined : address;
  }

  /** Has all of them finish their answers, and ends this process: with status 0 if each of them did so. */
  async end({ signal, err }: Cause): Promise<void> {
    const { logger } = this.#options;
    if (err) logger.fatal({ err }, 'ending after an uncaught error');
    else logger.info({ signal }, 'draining all workers');
    this.#ending = true;
    const all = [...this.#alive];
    for (const worker of all) worker.drain();
    const leave = (isWhole: boolean): never => process.exit(isWhole && !err ? 0 : 1);
    setTimeout(() => leave(all.every(({ isDrained }) => isDrained)), Math.max(this.#graceMs, AHEAD_MS));
    const wholly = await Promise.all(all.map((worker) => worker.endsWhole()));
    leave(!wholly.includes(false));
  }

  /**
   * Has each of them read the configuration again, one after the other: the first that keeps the old one has
   * said why, and is the last; one that hangs, or takes long to start, keeps no other from it. Resolves to
   * whether none keeps the old one of its own accord.
   */
  async reload(graceMs: number): Promise<boolean> {
    const { logger } = this.#options;
    let turned = 0;
    for (const worker of this.#alive) {
      const isTurned = await worker.reload();
      if (isTurned) turned += 1;
      else if (isTurned === undefined) {
        const { pid, isStarting } = worker;
        if (isStarting)
          logger.warn({ worker: pid }, 'this worker takes long to start: it will have the new configuration');
        else logger.error({ worker: pid }, 'this worker hangs: it has the old configuration until it goes on');
      } else if (turned === 0) return false;
      else {
        const text = 'some workers have the new configuration, others the old one: send SIGHUP again';
        logger.error({ worker: worker.pid }, text);
        return false;
      }
    }
    this.#graceMs = graceMs;
    return true;
  }

  /** The metrics of all of them, of those that have ended, and of this process. */
  readonly scrape: Scrape = sharing(async (format) => {
    await Promise.all(Array.from(this.#alive, (worker) => worker.count()));
    return this.totals.scrape(format);
  });

  /** Ends those that are left, here and now. */
  kill(): void {
    for (const worker of this.#alive) worker.kill();
  }

  #start(port: number, isFirst: boolean): WorkerProcess {
    const { logger, fork, bound } = this.#options;
    const ended = (exit: Exit): void => {
      this.#alive.delete(worker);
      logger[exit.status === 0 ? 'info' : 'warn']({ worker: worker.pid, ...exit }, 'worker ended');
    };
    const worker = new WorkerProcess(fork(port, isFirst), ended, bound, this.totals, this.scrape);
    this.#alive.add(worker);
    logger.info({ worker: worker.pid }, 'worker started');
    return worker;
  }

  /** Replaces a worker that leaves, and each that comes after it, until all of them are to end. */
  async #keep(worker: WorkerProcess, port: number, isFirst: boolean): Promise<void> {
    let pauseMs: number | undefined;
    for (let kept = worker; ; kept = this.#start(port, isFirst)) {
      const began = performance.now();
      await kept.leaves;
      if (this.#ending) return;
      pauseMs = nextPauseMs(pauseMs, performance.now() - began);
      this.#options.logger.warn({ worker: kept.pid, pauseMs }, 'another worker takes its place after a pause');
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      if (this.#ending) return;
    }
  }
}

/** Ends this process as the first worker ended, which has said why unless it was killed. */
function endAs({ status, signal }: Exit): never {
  if (status !== null) process.exit(status);
  throw new StartFault(`the first worker ended before it listened (${signal ?? 'it could not be started'})`);
}
