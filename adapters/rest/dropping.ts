import type { UndiciAnswer } from '../http/undici-answer.ts';
import { DROPPED_BYTES, DROPPED_MS } from './exchange.ts';

/** Those of a source's answers by undici that nobody reads. */
export class Dropping {
  readonly #most: number;
  #running = 0;

  /** At most so many keep their connections at a time. */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Lets an answer end, so that its connection can serve again. One that is long or slow is cut, and so is
   * one too many: undici has requests wait for a connection, and they would be late.
   */
  drop(body: UndiciAnswer['body']): void {
    body.on('error', () => {});
    if (this.#running === this.#most) return void body.destroy();
    this.#running += 1;
    const end = (): void => void (this.#running -= 1);
    body.dump({ limit: DROPPED_BYTES, signal: AbortSignal.timeout(DROPPED_MS) }).then(end, end);
  }
}
