import type { Memory } from '../budget/memory.ts';
import { Work } from '../budget/work.ts';
import { CallSignal } from '../ground/call-signal.ts';
import { CodapError, notNeeded } from '../errors.ts';
import { untilAborted } from '../store/signals.ts';
import type { ContentsBounds } from './open.ts';

/** How long what was found is told, in milliseconds. */
const KEPT_MS = 60_000;

/** A look at what is in a source, and those who wait for it. */
interface Look<T> {
  /** An instant. */
  readonly began: number;
  readonly found: Promise<T>;
  waiting: number;
  /** Ends what of it is still under way. */
  end(): void;
}

/**
 * What is in a source, looked for once for all who ask at the same time, and told for a minute from then on.
 * A look that fails is not kept, nor one of which a part failed that may be asked again.
 */
export class KeptContents<T> {
  readonly #contents: (bounds: ContentsBounds) => Promise<T>;
  readonly #memory: Memory;
  readonly #timeoutMs: number;
  #look: Look<T> | undefined;

  /** A look counts its bytes in `memory`, and has so many milliseconds. */
  constructor(contents: (bounds: ContentsBounds) => Promise<T>, memory: Memory, timeoutMs: number) {
    this.#contents = contents;
    this.#memory = memory;
    this.#timeoutMs = timeoutMs;
  }

  /** Tells it, unless the signal aborts first; when the last who waits has left, the look ends. */
  async tell(signal: AbortSignal): Promise<T> {
    const known = this.#look;
    const look = known && performance.now() < known.began + KEPT_MS ? known : this.#begin();
    look.waiting += 1;
    try {
      return await untilAborted(signal, () => look.found);
    } finally {
      look.waiting -= 1;
      if (signal.aborted && look.waiting === 0) look.end();
    }
  }

  #begin(): Look<T> {
    const began = performance.now();
    const deadline = began + this.#timeoutMs;
    const signal = new CallSignal();
    const memory = this.#memory.part();
    const work = new Work(Infinity).endsBy(deadline, signal);
    let isKept = true;
    const failed = (error: unknown): void => {
      if (error instanceof CodapError && error.retryable) isKept = false;
    };
    const found = this.#contents({ signal, memory, work, deadline, failed });
    let isFound = false;
    const forget = (): void => {
      if (this.#look === look) this.#look = undefined;
    };
    const end = (): void => {
      if (isFound) return;
      forget();
      signal.abort(notNeeded());
      memory.close();
    };
    const look: Look<T> = { began, found, waiting: 0, end };
    found.then(() => {
      isFound = true;
      if (!isKept) forget();
      memory.close();
    }, end);
    this.#look = look;
    return look;
  }
}
