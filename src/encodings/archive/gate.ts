/** So many places; whoever is called for in order need not wait for one, or an archive in order could wait for itself. */
export class Gate {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(places: number) {
    this.#free = places;
  }

  /** Resolves with what gives the place back. */
  async enter(demanded: Promise<void>, signal: AbortSignal): Promise<() => void> {
    if (this.#free > 0) this.#free -= 1;
    else if ((await this.#turn(demanded, signal)) === 'demanded') return () => {};
    let held = true;
    return () => {
      if (held) this.#release();
      held = false;
    };
  }

  #release(): void {
    const [next] = this.#waiting;
    if (next) next();
    else this.#free += 1;
  }

  #turn(demanded: Promise<void>, signal: AbortSignal): Promise<'free' | 'demanded'> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(enter);
        signal.removeEventListener('abort', abort);
      };
      const enter = (): void => {
        leave();
        resolve('free');
      };
      const abort = (): void => {
        leave();
        reject(signal.reason as Error);
      };
      this.#waiting.add(enter);
      signal.addEventListener('abort', abort, { once: true });
      void demanded.then(() => {
        leave();
        resolve('demanded');
      });
    });
  }
}
