/**
 * What goes wrong with one answer: it comes later, it never comes, it is an error (`status` over HTTP, `code`
 * over the Mongo protocol), its connection is dropped (at once, or after so many bytes of the body), or it
 * comes in a trickle.
 */
export type Fault =
  | { kind: 'delay'; ms: number }
  | { kind: 'stall' }
  | { kind: 'fail'; status?: number; code?: number }
  | { kind: 'cut'; afterBytes?: number }
  | { kind: 'drip'; bytesPerSecond: number };

/** Which answers of which store a fault befalls. */
export interface Rule {
  /** `mongo`, `s3` or `rest`. */
  store: string;
  /**
   * A part of the operation's name, such as `find:products`, `GET /eu/quote` or `GetObject public/a.jpg`.
   * Else every one.
   */
  match?: string;
  /** For how many answers; for ever if left out. */
  times?: number;
  fault: Fault;
}

/** The switchboard that each embedded store asks before it answers. The rule that was added first decides. */
export class Faults {
  readonly #rules = new Set<{ rule: Rule; left: number }>();

  /** Adds a rule; the function it returns takes it away again. */
  add(rule: Rule): () => void {
    const entry = { rule, left: rule.times ?? Infinity };
    if (entry.left > 0) this.#rules.add(entry);
    return () => void this.#rules.delete(entry);
  }

  /** Takes all rules away. */
  clear(): void {
    this.#rules.clear();
  }

  /** What befalls this answer, if anything; uses up one of the rule's `times`. */
  next(store: string, operation: string): Fault | undefined {
    for (const entry of this.#rules) {
      if (entry.rule.store !== store || !operation.includes(entry.rule.match ?? '')) continue;
      entry.left -= 1;
      if (entry.left === 0) this.#rules.delete(entry);
      return entry.rule.fault;
    }
    return undefined;
  }
}
