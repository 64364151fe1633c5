import type { CodapError } from '../errors.ts';
import { why } from './why.ts';

/** What is told of a failure: its code, and why it came about. */
export interface Told {
  readonly code: string;
  readonly why: string;
}

/** Milliseconds in which a failure is told once at most, however often its store comes and goes. */
const ONCE_IN_MS = 60_000;
/** Reasons that are told apart: a store may have a new word each time. */
const MOST_REASONS = 100;

/** Tells the operator why a store fails: once as it begins to, for each reason, and not for each query. */
export class ToldFailures {
  readonly #tell: (told: Told) => void;
  /** When each reason was told last, an instant, and how often the store had answered by then. */
  readonly #reasons = new Map<string, { readonly at: number; readonly answers: number }>();
  #answers = 0;

  constructor(tell: (told: Told) => void) {
    this.#tell = tell;
  }

  /** The store has answered. */
  answered(): void {
    this.#answers += 1;
  }

  /** The store has failed, or refuses codap. */
  failed(error: CodapError): void {
    const told = toldOf(error);
    const at = performance.now();
    const answers = this.#answers;
    const last = this.#reasons.get(told.why);
    if (last && (answers === last.answers || at < last.at + ONCE_IN_MS)) return;
    if (!last && this.#reasons.size === MOST_REASONS) return;
    this.#reasons.set(told.why, { at, answers });
    this.#tell(told);
  }
}

/** What is told of a failure. */
export function toldOf(error: CodapError): Told {
  return { code: error.code, why: why(error) };
}
