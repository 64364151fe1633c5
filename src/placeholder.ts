/** Where a reference stands in the params of a query that is planned but not yet run. */
export class Placeholder {
  /** The four reference words of CONTRACT §1. */
  readonly word: '$result' | '$item' | '$param' | '$join';
  /** Of a `$join`: its literal strings and its references, in order. */
  readonly parts: readonly (string | Placeholder)[];

  constructor(word: Placeholder['word'], parts: readonly (string | Placeholder)[] = []) {
    this.word = word;
    this.parts = parts;
  }
}

/** One piece of a joined string: written out in the request, or filled in. */
export interface Part {
  readonly text: string;
  readonly literal: boolean;
}

/** What a reference was filled in with: data, never code. `value` has typed leaves; a `$join` has its `parts` and a string value. */
export class Filled {
  readonly value: unknown;
  readonly parts?: readonly Part[];

  constructor(value: unknown, parts?: readonly Part[]) {
    this.value = value;
    if (parts) this.parts = parts;
  }
}
