import type { CodapError } from '../errors.ts';
import { why } from './why.ts';

/** What is told of a failure: its code, and why it came about. */
export interface Told {
  readonly code: string;
  readonly why: string;
}

/** Milliseconds in which a failure is told once at most, however often its store comes and goes. */
const ONCE_IN_MS = 60_000;
/** Reasons that are told apart, and so told in that time. */
const MOST_REASONS = 100;
/** Words of the store's that are told apart of one message: it may have a new one each time. */
const MOST_WORDS = 10;

/** A reason that was told: of what message; at what instant; how often the store had answered by then. */
interface Last {
  readonly text: string;
  readonly at: number;
  readonly answers: number;
}

/** Tells the operator why a store fails: once as it begins to, for each reason, and not for each query. */
export class ToldFailures {
  readonly #tell: (told: Told) => void;
  /** Each reason, as it was told last; the one told longest ago first. */
  readonly #reasons = new Map<string, Last>();
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
    const text = error.message;
    const told = this.#bounded(toldOf(error), text);
    const at = performance.now();
    const answers = this.#answers;
    const last = this.#reasons.get(told.why);
    if (last && (answers === last.answers || at < last.at + ONCE_IN_MS)) return;
    if (!last && this.#reasons.size === MOST_REASONS && !this.#forgetOldest(at)) return;
    this.#reasons.delete(told.why);
    this.#reasons.set(told.why, { text, at, answers });
    this.#tell(told);
  }

  /** Without its word, where too many others were told of its message. */
  #bounded(told: Told, text: string): Told {
    if (told.why === text || this.#reasons.has(told.why)) return told;
    const words = this.#reasons.entries().filter(([reason, last]) => last.text === text && reason !== text);
    return words.take(MOST_WORDS).toArray().length < MOST_WORDS ? told : { ...told, why: text };
  }

  /** Whether there is room for a new reason now. */
  #forgetOldest(now: number): boolean {
    const [oldest] = this.#reasons;
    if (!oldest || now < oldest[1].at + ONCE_IN_MS) return false;
    return this.#reasons.delete(oldest[0]);
  }
}

/** What is told of a failure. */
export function toldOf(error: CodapError): Told {
  return { code: error.code, why: why(error) };
}
