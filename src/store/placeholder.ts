import { Wrapped } from '../json/wrapped.ts';

/** The words by which a request refers to what it does not hold itself, each the only key of its object. */
export const WORDS = ['$result', '$meta', '$item', '$param', '$caller', '$join'] as const;

/** One of these words. */
export type Word = (typeof WORDS)[number];

/** Where a reference stands in the params of a query that is planned but not yet run. */
export class Placeholder {
  readonly word: Word;
  /** Of a `$join`: its literal strings and its references, in order. */
  readonly parts: readonly (string | Placeholder)[];

  constructor(word: Word, parts: readonly (string | Placeholder)[] = []) {
    this.word = word;
    this.parts = parts;
  }

  /** The JSON Pointer that it names; '' where it has none. */
  get pointer(): string {
    return '';
  }

  /** The reference as a request writes it, `{"$result": "/user/_id"}` or `{"$join": […]}`. */
  get written(): object {
    const argument =
      this.word === '$join'
        ? this.parts.map((part) => (part instanceof Placeholder ? part.written : part))
        : this.pointer;
    return { [this.word]: argument };
  }
}

/** True of a plain reference, whose value may be of any type: what a `$join` makes is a text. */
export function isPlainReference(value: unknown): boolean {
  return value instanceof Placeholder && value.word !== '$join';
}

/** One text made of these parts; where references stand among them, a `$join`. */
export function joinedText(parts: readonly (string | Placeholder)[]): string | Placeholder {
  const all: (string | Placeholder)[] = [];
  for (const part of parts) {
    const last = all.at(-1);
    if (typeof last === 'string' && typeof part === 'string') all[all.length - 1] = last + part;
    else if (part !== '') all.push(part);
  }
  const [first = ''] = all;
  return all.length <= 1 && typeof first === 'string' ? first : new Placeholder('$join', all);
}

/** One piece of a joined string: written out in the request, or filled in. */
export interface Part {
  readonly text: string;
  readonly literal: boolean;
}

/**
 * What a reference was filled in with: data, never code. `value` has typed leaves; a `$join` has its `parts`
 * and a string value.
 */
export class Filled extends Wrapped {
  readonly value: unknown;
  readonly parts?: readonly Part[];

  constructor(value: unknown, parts?: readonly Part[]) {
    super();
    this.value = value;
    if (parts) this.parts = parts;
  }
}

/** A reference, before or after it was filled in. */
export type Hole = Placeholder | Filled;

/** True where a reference stands. */
export function isHole(value: unknown): value is Hole {
  return value instanceof Placeholder || value instanceof Filled;
}

/** What a reference was filled in with; anything else as it is. */
export function unwrapped(value: unknown): unknown {
  return value instanceof Filled ? value.value : value;
}
