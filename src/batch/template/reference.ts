import { formatPointer } from '../../json/pointer.ts';
import { Placeholder, type Word } from '../../store/placeholder.ts';
import { Spot } from './spot.ts';

/** Hears what is wrong with the request, and where; it throws once no more is to be told. */
export type Report = (at: Spot, detail: string) => void;

/**
 * Where a planned reference reads from: another query's value or `meta`, the nearest forEach's item, the
 * parameters of a saved batch, or the claims of who asks for one.
 */
export type Target =
  | {
      readonly from: 'result';
      readonly name: string;
      readonly up: number;
      readonly member: number;
      readonly steps: readonly string[];
    }
  | { readonly from: 'item' | 'params' | 'caller'; readonly steps: readonly string[] };

/**
 * A reference of the request: a Placeholder that knows where it stands, what it names and, once planned,
 * where that is.
 */
export class Reference extends Placeholder {
  /** Where it stands in the request, each time that it is written. */
  readonly places: Spot[];
  /** Its pointer's steps; of a `$join` none. */
  readonly steps: readonly string[];
  target: Target | undefined;
  #told: string | undefined;
  #plain: readonly Reference[] | undefined;

  constructor(word: Word, at: Spot, steps: readonly string[], parts?: readonly (string | Placeholder)[]) {
    super(word, parts);
    this.places = [at];
    this.steps = steps;
  }

  override get pointer(): string {
    return formatPointer(this.steps);
  }

  /** As a failure tells of it; worked out once, since each item may do so. */
  get told(): string {
    this.#told ??= `${this.word} ${shortened(this.pointer)}`;
    return this.#told;
  }

  /**
   * The reference itself, or those that a `$join` is made of; worked out once, since each item asks for them.
   */
  get plain(): readonly Reference[] {
    this.#plain ??= this.word === '$join' ? this.parts.flatMap(plainIn) : [this];
    return this.#plain;
  }
}

/** Characters of a pointer in a failure. */
const MOST_TOLD = 200;

/** As much of a text's beginning as is told; no character is cut. */
function shortened(text: string): string {
  return text.length <= MOST_TOLD ? text : `${text.slice(0, MOST_TOLD - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** Those of some references that are no `$join`: what it is made of is among them. */
export function plainOf(references: readonly Reference[]): readonly Reference[] {
  return references.length === 0 ? references : references.filter(({ word }) => word !== '$join');
}

/**
 * Stands where a reference was written that cannot be read: its fault is told, and nothing more is said of
 * its place.
 */
export const BROKEN = new Reference('$result', Spot.TOP, []);

function plainIn(part: string | Placeholder): readonly Reference[] {
  return part instanceof Reference ? part.plain : [];
}
