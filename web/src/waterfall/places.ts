/** Where rows are drawn before anything has run: each one place behind all that it waits for. */
export class Places {
  readonly #known = new Map<string, { parent: string; after: readonly string[] }>();
  readonly #found = new Map<string, number>();

  add(path: string, parent: string, after: readonly string[]): void {
    this.#known.set(path, { parent, after });
  }

  /** From where to where, counted from 0 on. */
  of(path: string): { from: number; to: number } {
    const from = this.#begin(path);
    return { from, to: from + 1 };
  }

  #begin(path: string): number {
    const found = this.#found.get(path);
    if (found !== undefined) return found;
    // What goes round in a circle is refused by the service; here it just ends.
    this.#found.set(path, 0);
    const known = this.#known.get(path);
    const begin = known ? Math.max(this.#begin(known.parent), ...known.after.map((one) => this.#begin(one) + 1)) : 0;
    this.#found.set(path, begin);
    return begin;
  }
}
