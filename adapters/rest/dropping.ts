import type { UndiciAnswer } from '../http/undici-answer.ts';
import { HURRIED_MS } from '../http/h1/pool.ts';
import { DROPPED_BYTES, DROPPED_MS } from './exchange.ts';

/** Those of a source's answers by undici that nobody reads. */
export class Dropping {
  readonly #most: number;
  #running = 0;

  /** So many may keep their connections for as long as they may. */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Lets an answer end, so that its connection can serve again. One that is long or slow is cut, one too many
   * sooner: undici has requests wait for a connection, and they would be late.
   */
  drop(body: UndiciAnswer['body']): void {
    body.on('error', () => {});
    const ms = this.#running < this.#most ? DROPPED_MS : HURRIED_MS;
    this.#running += 1;
    // What came while the event loop was held up is read first.
    const timer = setTimeout(() => setImmediate(() => body.destroy()), ms).unref();
    const end = (): void => {
      clearTimeout(timer);
      this.#running -= 1;
    };
    body.dump({ limit: DROPPED_BYTES }).then(end, end);
  }
}
