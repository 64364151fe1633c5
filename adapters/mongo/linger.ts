/**
 * How long, in milliseconds, a command that opens a cursor goes on after its caller has left. Only its answer
 * tells which cursor there is to close, and not every store closes those of a connection that ended. What is
 * slower than this ends with its connection.
 */
export const LINGER_MS = 5000;

/**
 * The commands of a source that go on after their callers have left: so many at most, so that they cannot
 * take all of its places.
 */
export class Lingering {
  readonly #most: number;
  #count = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Whether work settles, either way, while it may go on; where too many others do, it may not. */
  async awaits(work: Promise<unknown>): Promise<boolean> {
    if (this.#count >= this.#most) return false;
    this.#count += 1;
    try {
      return await endsWithin(work, LINGER_MS);
    } finally {
      this.#count -= 1;
    }
  }
}

function endsWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    const ended = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    work.then(ended, ended);
  });
}
