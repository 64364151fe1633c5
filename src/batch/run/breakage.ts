/** What broke the run of many members, other than a reply: thrown once none of them runs any more. */
export class Breakage {
  #first: { readonly error: unknown } | undefined;

  /** Notes what broke one of them, and throws it. */
  readonly note = (error: unknown): never => {
    this.#first ??= { error };
    throw error;
  };

  /** Throws what broke the first of those that did. */
  check(): void {
    if (this.#first) throw this.#first.error;
  }
}
