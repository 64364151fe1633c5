/**
 * As many of the first texts as stand in so many bytes, with one between every two; where they do not all,
 * one at the end says how many more there are.
 */
export function fittingOf(texts: readonly string[], most: number, more: (count: number) => string): readonly string[] {
  const sizes = texts.map((text) => Buffer.byteLength(text) + 1);
  let left = most + 1;
  if (sizes.reduce((sum, size) => sum + size, 0) <= left) return texts;
  left -= Buffer.byteLength(more(texts.length)) + 1;
  const end = sizes.findIndex((size) => (left -= size) < 0);
  return [...texts.slice(0, end), more(texts.length - end)];
}

/** A list of things to tell. */
export class Notes {
  readonly #texts: string[] = [];

  get isEmpty(): boolean {
    return this.#texts.length === 0;
  }

  add(note: object): void {
    this.#texts.push(JSON.stringify(note));
  }

  /** As many as fit, as JSON of at most so many bytes: of those that come after, how many there are. */
  within(most: number): string {
    return `[${fittingOf(this.#texts, most - 2, (count) => `{"more":${count}}`).join(',')}]`;
  }
}
