import type { Worker } from 'node:cluster';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Cause } from '../service/ending.ts';
import { nextPauseMs } from './pauses.ts';
import { StartFault } from './start-fault.ts';
import { type Exit, WorkerProcess } from './worker-process.ts';

/** What the workers of one service have in common. */
export interface WorkersOptions {
  readonly count: number;
  /** Milliseconds from the signal within which each of them ends. */
  readonly graceMs: number;
  readonly logger: Logger;
  /** Starts a process that serves the port; 0 is any that is free. */
  readonly fork: (port: number) => Worker;
}

/** A worker that has not ended by itself so long after the grace period hangs, in milliseconds. */
const HANGS_MS = 250;

/** The processes that serve one port, seen from the one that started them and serves nothing itself. */
export class Workers {
  readonly #options: WorkersOptions;
  readonly #alive = new Set<WorkerProcess>();
  readonly #ending = new AbortController();

  constructor(options: WorkersOptions) {
    this.#options = options;
  }

  /**
   * Starts them; from then on each that leaves is replaced. The first one is alone until it listens: what keeps it from
   * that would keep all of them, and is told once, by it. Resolves to the address once the others have tried, too.
   */
  async start(port: number): Promise<string> {
    const { count } = this.#options;
    const first = this.#start(port);
    const address = await first.listens;
    if (address === undefined) return endAs(await first.ends);
    // Elsewhere the primary holds the port for them, under the number that was asked for.
    const shared = process.platform === 'linux' && port === 0 ? Number(new URL(address).port) : port;
    const others: WorkerProcess[] = [];
    while (!this.#ending.signal.aborted && others.length < count - 1) others.push(this.#start(shared));
    for (const worker of [first, ...others])
      this.#keep(worker, shared).catch((error: unknown) => this.end({ err: error as Error }));
    await Promise.all(others.map(({ listens }) => listens));
    return address;
  }

  /** Has all of them finish their answers, and ends this process: with status 0 if each of them did so. */
  async end({ signal, err }: Cause): Promise<void> {
    const { graceMs, logger } = this.#options;
    if (err) logger.fatal({ err }, 'ending after an uncaught error');
    else logger.info({ signal }, 'draining all workers');
    this.#ending.abort();
    const all = [...this.#alive];
    for (const worker of all) worker.drain();
    setTimeout(() => process.exit(1), graceMs + HANGS_MS);
    const exits = await Promise.all(all.map(({ ends }) => ends));
    process.exit(err || exits.some(({ status }) => status !== 0) ? 1 : 0);
  }

  /** Ends those that are left, here and now. */
  kill(): void {
    for (const worker of this.#alive) worker.kill();
  }

  #start(port: number): WorkerProcess {
    const { logger, fork } = this.#options;
    const worker = new WorkerProcess(fork(port), (exit) => {
      this.#alive.delete(worker);
      logger[exit.status === 0 ? 'info' : 'warn']({ worker: worker.pid, ...exit }, 'worker ended');
    });
    this.#alive.add(worker);
    logger.info({ worker: worker.pid }, 'worker started');
    return worker;
  }

  /** Replaces a worker that leaves, and each that comes after it, until all of them are to end. */
  async #keep(worker: WorkerProcess, port: number): Promise<void> {
    const { signal } = this.#ending;
    let pauseMs: number | undefined;
    for (let kept = worker; ; kept = this.#start(port)) {
      const began = performance.now();
      await kept.leaves;
      if (signal.aborted) return;
      pauseMs = nextPauseMs(pauseMs, performance.now() - began);
      this.#options.logger.warn({ worker: kept.pid, pauseMs }, 'another worker takes its place after a pause');
      await pause(pauseMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
    }
  }
}

/** Ends this process as the first worker ended, which has said why unless it was killed. */
function endAs({ status, signal }: Exit): never {
  if (status !== null) process.exit(status);
  throw new StartFault(`the first worker ended before it listened (${signal ?? 'it could not be started'})`);
}
