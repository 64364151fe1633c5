type Listener = NonNullable<Parameters<AbortSignal['addEventListener']>[1]>;

/**
 * The AbortSignal of one call, which whoever makes it can abort. Each call has one or more, nearly all of
 * which never abort, and to make one of Node's own, to listen to it and to stop listening costs several
 * times as much.
 */
export class CallSignal implements AbortSignal {
  readonly onabort = null;
  #aborted = false;
  #reason: unknown;
  readonly #listeners: Listener[] = [];

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
    if (this.#listeners.length > 0) this.dispatchEvent(new Event('abort'));
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
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
}
