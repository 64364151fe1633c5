import { firstWithin } from '../ground/first-within.ts';

/**
 * As many of the first texts as stand in so many bytes, with one between every two; where they do not all,
 * one at the end says how many more there are.
 */
export function fittingOf(texts: readonly string[], most: number, more: (count: number) => string): readonly string[] {
  const left = most + 1;
  if (firstWithin(texts, left, bytesOf).length === texts.length) return texts;
  const first = firstWithin(texts, left - bytesOf(more(texts.length)), bytesOf);
  return [...first, more(texts.length - first.length)];
}

/** With the one between it and the next. */
function bytesOf(text: string): number {
  return Buffer.byteLength(text) + 1;
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
