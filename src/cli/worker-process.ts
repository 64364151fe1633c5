import type { Worker } from 'node:cluster';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Family, isGauge } from '../observe/family.ts';
import type { Scrape } from '../observe/scrape.ts';
import type { Totals } from '../observe/totals.ts';
import type { Bound, Order, Word } from '../service/primary.ts';
import { Questions } from '../service/questions.ts';

/** How long a worker may take to say what it has counted, in milliseconds: then what it said last is told. */
const PATIENCE_MS = 1000;
/**
 * A worker that has said nothing for so long hangs, in milliseconds: one that is well tells several times a
 * second what it counts.
 */
const HANGS_MS = 5000;
/** How often that is looked at, in milliseconds. */
const LOOK_MS = 250;

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
  /** Its gauges, as it said last, by name. */
  readonly #gauges = new Map<string, Family>();
  readonly #questions = new Questions<void>(PATIENCE_MS);
  #isDrained = false;
  #isStarting = true;
  #reloaded: ((turned: boolean) => void) | undefined;
  /** When it said something last, an instant. */
  #heard = performance.now();

  /**
   * Calls back when it has ended, and when it wants to know what it is bound to, or the metrics of all; these
   * get what it counts.
   */
  constructor(worker: Worker, ended: (exit: Exit) => void, bound: () => Bound, totals: Totals, scrape: Scrape) {
    const leave = totals.add(() => [...this.#gauges.values()]);
    const listens = Promise.withResolvers<string | undefined>();
    const leaves = Promise.withResolvers<void>();
    const ends = Promise.withResolvers<Exit>();
    const end = (exit: Exit): void => {
      listens.resolve(undefined);
      this.#isDrained ||= exit.status === 0;
      leaves.resolve();
      ends.resolve(exit);
      this.#questions.close();
      leave();
      ended(exit);
    };
    worker.on('message', (word: Word) => {
      this.#heard = performance.now();
      switch (word.kind) {
        case 'starting':
          return this.#order({ kind: 'bound', bound: bound() });
        case 'listens':
          this.#isStarting = false;
          return listens.resolve(word.address);
        case 'draining':
          return leaves.resolve();
        case 'drained':
          this.#isDrained = true;
          return;
        case 'reloaded':
          return this.#reloaded?.(word.turned);
        case 'counted':
          totals.take(word.families);
          return this.#learn(word.families, word.question);
        case 'scrape':
          this.#tellAll(scrape(word.format), word.question).catch(() => {});
      }
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

  /** Whether it has finished its answers, though it may not have ended: to leave a process takes a while. */
  get isDrained(): boolean {
    return this.#isDrained;
  }

  /** Whether it has not begun to listen yet. */
  get isStarting(): boolean {
    return this.#isStarting;
  }

  /** Has it finish its answers and end. */
  drain(): void {
    // One that has just died will be told of by its exit.
    this.#order({ kind: 'drain' });
  }

  /**
   * Has it read its configuration again; resolves to false if it keeps the old one, and to undefined where it
   * hangs, or takes long to start: it will do so once it goes on. One that leaves needs no other.
   */
  async reload(): Promise<boolean | undefined> {
    const { promise: told, resolve } = Promise.withResolvers<boolean | undefined>();
    this.#reloaded = resolve;
    this.#order({ kind: 'reload' });
    const ordered = performance.now();
    const look = setInterval(() => {
      if (performance.now() - Math.max(ordered, this.#heard) >= HANGS_MS) resolve(undefined);
    }, LOOK_MS);
    const turned = await Promise.race([told, this.leaves.then(() => true)]);
    clearInterval(look);
    return turned;
  }

  /**
   * Asks it what it has counted; resolves when that is known, or will not be. One that has said nothing yet
   * is starting.
   */
  async count(): Promise<void> {
    if (this.#gauges.size === 0 || !this.#worker.isConnected()) return;
    await this.#questions.ask((question) => this.#order({ kind: 'count', question }));
  }

  #learn(counted: readonly Family[], question: number | undefined): void {
    for (const gauge of counted.filter(isGauge)) this.#gauges.set(gauge.name, gauge);
    if (question !== undefined) this.#questions.answer(question);
  }

  async #tellAll(scraping: ReturnType<Scrape>, question: number): Promise<void> {
    const packed = await promisify<Buffer, { level: number }, Buffer>(gzip)(await scraping, { level: 1 });
    this.#order({ kind: 'scraped', packed: packed.toString('base64'), question });
  }

  #order(order: Order): void {
    if (this.#worker.isConnected()) this.#worker.send(order, () => {});
  }

  /** Ends it here and now. */
  kill(): void {
    this.#worker.process.kill('SIGKILL');
  }
}
