import { CallSignal } from '../../src/ground/call-signal.ts';

const ONCE = { once: true } as const;

/**
 * The AbortSignal of one command, which aborts when another one does. The driver listens and stops listening
 * at each step of a command, and Node's own signals make that dear.
 */
export class Cut extends CallSignal {
  readonly #after: AbortSignal;

  /** Until `end`, it listens to the signal after which it aborts. */
  constructor(after: AbortSignal) {
    super();
    this.#after = after;
    if (after.aborted) this.abort(after.reason);
    else after.addEventListener('abort', this, ONCE);
  }

  /** What it listens to has aborted. */
  handleEvent(): void {
    this.abort(this.#after.reason);
  }

  /** The command has ended. */
  end(): void {
    this.#after.removeEventListener('abort', this);
  }
}
