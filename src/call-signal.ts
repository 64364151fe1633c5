type Listener = NonNullable<Parameters<AbortSignal['addEventListener']>[1]>;

/**
 * The AbortSignal of one call or batch, which whoever makes it can abort. Each has one or more, nearly all of
 * which never abort, and to make one of Node's own, to listen to it and to stop listening costs several
 * times as much; Node also warns of a leak at the eleventh listener.
 */
export class CallSignal implements AbortSignal {
  readonly onabort = null;
  #aborted = false;
  #reason: unknown;
  /** Those taken back leave a gap, the last ones none. */
  readonly #listeners: (Listener | undefined)[] = [];

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

  /** Calls back when it aborts; what it returns takes that back. */
  hear(listener: Listener): () => void {
    let at = this.#listeners.push(listener) - 1;
    return () => {
      this.#forget(at);
      at = -1;
    };
  }

  addEventListener(_type: string, listener: Listener): void {
    this.#listeners.push(listener);
  }

  removeEventListener(_type: string, listener: Listener): void {
    this.#forget(this.#listeners.indexOf(listener));
  }

  dispatchEvent(event: Event): boolean {
    const listeners = this.#listeners;
    for (let at = 0; at < listeners.length; at += 1) {
      const listener = listeners[at];
      if (typeof listener === 'function') listener.call(this, event);
      else listener?.handleEvent(event);
    }
    listeners.length = 0;
    return true;
  }

  #forget(at: number): void {
    const listeners = this.#listeners;
    if (at < 0 || at >= listeners.length) return;
    listeners[at] = undefined;
    while (listeners.length > 0 && listeners.at(-1) === undefined) listeners.pop();
  }
}
