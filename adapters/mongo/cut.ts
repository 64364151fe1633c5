type Listener = NonNullable<Parameters<AbortSignal['addEventListener']>[1]>;

const ONCE = { once: true } as const;

/**
 * The AbortSignal of one command, which aborts when another one does. The driver listens and stops listening
 * at each step of a command, and Node's own signals make that dear.
 */
export class Cut implements AbortSignal {
  readonly onabort = null;
  readonly #after: AbortSignal;
  readonly #listeners: Listener[] = [];

  /** Until `end`, it listens to the signal after which it aborts. */
  constructor(after: AbortSignal) {
    this.#after = after;
    after.addEventListener('abort', this, ONCE);
  }

  get aborted(): boolean {
    return this.#after.aborted;
  }

  get reason(): unknown {
    return this.#after.reason;
  }

  throwIfAborted(): void {
    this.#after.throwIfAborted();
  }

  addEventListener(_type: string, listener: Listener): void {
    this.#listeners.push(listener);
  }

  removeEventListener(_type: string, listener: Listener): void {
    const at = this.#listeners.indexOf(listener);
    if (at >= 0) this.#listeners.splice(at, 1);
  }

  dispatchEvent(event: Event): boolean {
    for (const listener of this.#listeners.splice(0)) {
      if (typeof listener === 'function') listener.call(this, event);
      else listener.handleEvent(event);
    }
    return true;
  }

  /** What it listens to has aborted. */
  handleEvent(event: Event): void {
    this.dispatchEvent(event);
  }

  /** The command has ended. */
  end(): void {
    this.#after.removeEventListener('abort', this);
  }
}
