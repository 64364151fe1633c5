import type { DurationsBy } from '../budget/durations.ts';
import { toCodapError } from '../errors.ts';

/** A call for a list or body, which may ask its source several times until that is open: it counts as one. */
export class CountedCall {
  readonly #calls: DurationsBy;
  readonly #op: string;
  #ms: number | undefined;

  constructor(calls: DurationsBy, op: string) {
    this.#calls = calls;
    this.#op = op;
  }

  /** Asks once: what it waits for in between is none of its time. */
  async ask<T>(open: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await open();
    } finally {
      this.#ms = (this.#ms ?? 0) + performance.now() - began;
    }
  }

  /** Counts what became of it, if it has asked. */
  async count<T>(opening: Promise<T>): Promise<T> {
    try {
      const opened = await opening;
      this.#add('ok');
      return opened;
    } catch (error) {
      this.#add(toCodapError(error).code);
      throw error;
    }
  }

  #add(code: string): void {
    if (this.#ms !== undefined) this.#calls.of(this.#op, code).add(this.#ms);
  }
}
