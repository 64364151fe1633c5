import type { CodapError } from '../errors.ts';
import { why } from './why.ts';

/** What is told of a failure: its code, and why it came about. */
export interface Told {
  readonly code: string;
  readonly why: string;
}

/** Milliseconds in which a failure is told once at most, however often its store comes and goes. */
const ONCE_IN_MS = 60_000;

/** Tells the operator why a store fails: once as it begins to, for each reason, and not for each query. */
export class ToldFailures {
  readonly #tell: (told: Told) => void;
  /**
   * When each reason was told last, an instant, and how often the store had answered by then. There are only
   * as many as codap has texts for.
   */
  readonly #reasons = new Map<string, { readonly at: number; readonly answers: number }>();
  #answers = 0;

  constructor(tell: (told: Told) => void) {
    this.#tell = tell;
  }

  /** The store has answered. */
  answered(): void {
    this.#answers += 1;
  }

  /** The store has failed. */
  failed(error: CodapError): void {
    const told = toldOf(error);
    const at = performance.now();
    const answers = this.#answers;
    const last = this.#reasons.get(told.why);
    if (last && (answers === last.answers || at < last.at + ONCE_IN_MS)) return;
    this.#reasons.set(told.why, { at, answers });
    this.#tell(told);
  }
}

/** What is told of a failure. */
export function toldOf(error: CodapError): Told {
  return { code: error.code, why: why(error) };
}
