import { keepChanged } from './kept-shapes.ts';

type Listener = NonNullable<Parameters<AbortSignal['addEventListener']>[1]>;

/**
 * The AbortSignal of one call or batch, which whoever makes it can abort. Each has one or more, nearly all of
 * which never abort, and to make one of Node's own, to listen to it and to stop listening costs several
 * times as much; Node also warns of a leak at the eleventh listener.
 *
 * It has one event, and tells of it once: which type a listener is for is not asked, its options are not
 * read, and one that is added twice is told twice.
 */
export class CallSignal implements AbortSignal {
  readonly onabort = null;
  #aborted = false;
  #reason: unknown;
  /** That of most calls is heard by one alone, for whom no list is made. */
  #only: Listener | undefined;
  /** Those taken back leave a gap, the last ones none. */
  #listeners: (Listener | undefined)[] | undefined;

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  /** Aborts it, once, with what those who wait are told. */
  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    if (this.#only || this.#listeners) this.dispatchEvent(new Event('abort'));
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }

  /** Calls back when it aborts; what it returns takes that back. */
  hear(listener: Listener): () => void {
    const listeners = this.#list();
    let at = listeners.push(listener) - 1;
    return () => {
      forget(listeners, at);
      at = -1;
    };
  }

  addEventListener(_type: string, listener: Listener): void {
    if (this.#only || this.#listeners) this.#list().push(listener);
    else this.#only = listener;
  }

  removeEventListener(_type: string, listener: Listener): void {
    if (this.#only === listener) this.#only = undefined;
    else if (this.#listeners) forget(this.#listeners, this.#listeners.indexOf(listener));
  }

  dispatchEvent(event: Event): boolean {
    const listeners = this.#list();
    for (let at = 0; at < listeners.length; at += 1) {
      const listener = listeners[at];
      try {
        if (typeof listener === 'function') listener.call(this, event);
        else listener?.handleEvent(event);
      } catch (error) {
        warnOf(error);
      }
    }
    listeners.length = 0;
    return true;
  }

  /** All of them, from now on in a list. */
  #list(): (Listener | undefined)[] {
    if (!this.#listeners) this.#listeners = this.#only ? [this.#only] : [];
    this.#only = undefined;
    return this.#listeners;
  }
}

/**
 * Warns of what a listener threw: those after it have to be told, and whoever aborts has done nothing wrong.
 * Thrown to nobody, as Node does it, a driver's fault in one call would end the process with all others.
 */
export function warnOf(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}

const aborted = new CallSignal();
aborted.abort(undefined);
keepChanged(aborted);

function forget(listeners: (Listener | undefined)[], at: number): void {
  if (at < 0 || at >= listeners.length) return;
  listeners[at] = undefined;
  while (listeners.length > 0 && listeners.at(-1) === undefined) listeners.pop();
}
