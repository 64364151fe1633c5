/**
 * Where rows are drawn before anything has run: each one place behind all that it waits for, and a group from
 * its first member to its last.
 */
export class Places {
  readonly #known = new Map<string, { parent: string; after: readonly string[] }>();
  readonly #members = new Map<string, string[]>();
  readonly #found = new Map<string, { from: number; to: number }>();

  add(path: string, parent: string, after: readonly string[]): void {
    this.#known.set(path, { parent, after });
    const members = this.#members.get(parent);
    if (members) members.push(path);
    else this.#members.set(parent, [path]);
  }

  /** From where to where, counted from 0 on. */
  of(path: string): { from: number; to: number } {
    const found = this.#found.get(path);
    if (found) return found;
    // What goes round in a circle is refused by the service; here it just ends.
    this.#found.set(path, { from: 0, to: 1 });
    const begin = this.#begin(path);
    const members = (this.#members.get(path) ?? []).map((member) => this.of(member));
    const place = {
      from: members.length > 0 ? Math.min(...members.map(({ from }) => from)) : begin,
      to: Math.max(begin + 1, ...members.map(({ to }) => to)),
    };
    this.#found.set(path, place);
    return place;
  }

  /** A group begins before its members: what it waits for, they wait for. */
  #begin(path: string): number {
    const known = this.#known.get(path);
    if (!known) return 0;
    return Math.max(this.#begin(known.parent), ...known.after.map((one) => this.of(one).to));
  }
}
