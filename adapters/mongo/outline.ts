import { BSONError } from 'bson';
import { isLoopHeld } from '../../src/budget/turns.ts';
import type { Steps } from '../../src/budget/work.ts';
import { formatPointer } from '../../src/json/pointer.ts';
import { isName, isVaried, MOST_NAMES } from '../naming.ts';
import { DOCUMENT, endOf, LIST, nul, octet, STRIDE, utf8 } from './bson-reader.ts';

/** Steps to the places that are looked at. */
const MOST_DEPTH = 20;
/** Places that are kept while documents are looked through. */
const MOST_PLACES = 10_000;

/** The types of BSON by the names that `$type` has for them (MongoDB manual, "BSON Types"). */
const TYPES: Readonly<Record<number, string>> = {
  0x01: 'double',
  0x02: 'string',
  [DOCUMENT]: 'object',
  [LIST]: 'array',
  0x05: 'binData',
  0x06: 'undefined',
  0x07: 'objectId',
  0x08: 'bool',
  0x09: 'date',
  0x0a: 'null',
  0x0b: 'regex',
  0x0c: 'dbPointer',
  0x0d: 'javascript',
  0x0e: 'symbol',
  0x0f: 'javascriptWithScope',
  0x10: 'int',
  0x11: 'timestamp',
  0x12: 'long',
  0x13: 'decimal',
  0x7f: 'maxKey',
  0xff: 'minKey',
};

/** What was found in one place of the documents. */
export interface Found {
  /** How many documents have it. */
  readonly documents: number;
  /** How often it was of each type: of what stands in lists, every one counts. */
  readonly types: Readonly<Record<string, number>>;
  /** Something stands below it that is not told. */
  readonly more?: true;
}

/** Where something stands, and what stands below it. */
class Place {
  readonly types = new Map<number, number>();
  documents = 0;
  last = 0;
  /** By name: of an object what it holds, of a list all of its members as one, `*`. */
  readonly below = new Map<string, Place>();
  isVaried = false;
  more = false;

  see(type: number, document: number): void {
    this.types.set(type, (this.types.get(type) ?? 0) + 1);
    if (document !== this.last) this.documents += 1;
    this.last = document;
  }

  get count(): number {
    return this.types.values().reduce((sum, count) => sum + count, 0);
  }

  /** Whether what it holds is told apart by data; then nothing of that is told. */
  judge(): void {
    const occurrences = this.below.values().reduce((sum, place) => sum + place.count, 0);
    if (!isVaried(this.below.size, occurrences, this.types.get(DOCUMENT) ?? 0)) return;
    this.below.clear();
    this.isVaried = true;
    this.more = true;
  }
}

/** The names and types in some documents, and how often each occurs; no value is looked at. */
export class Outline {
  /** Documents looked through. */
  documents = 0;
  readonly #root = new Place();
  /** Places that were found and are kept. */
  size = 0;

  /** Looks through one more document, in turns with others. Throws BSONError for what is no BSON. */
  *add(bytes: Buffer): Steps<void> {
    this.documents += 1;
    this.#root.see(DOCUMENT, this.documents);
    const open = [{ place: this.#root, isList: false, end: bytes.length }];
    let looked = 0;
    for (let at = 4; open.length > 0;) {
      const { place, isList, end } = open.at(-1)!;
      if (at >= end) throw new BSONError('a BSON document ends beyond its length');
      const type = octet(bytes, at);
      if (type === 0) {
        open.pop();
        at = end;
        continue;
      }
      const from = nul(bytes, at + 1) + 1;
      const after = endOf(bytes, type, from);
      // Of very many names none is read.
      const found = place.isVaried ? undefined : this.#below(place, isList ? '*' : utf8(bytes, at + 1, from - 1));
      found?.see(type, this.documents);
      at = after;
      if (found && (type === DOCUMENT || type === LIST)) {
        if (open.length < MOST_DEPTH) {
          open.push({ place: found, isList: type === LIST, end: after });
          at = from + 4;
        } else found.more = true;
      }
      if (at - looked < STRIDE) continue;
      looked = at;
      if (isLoopHeld()) yield;
    }
  }

  /** Whether something stands at the top that is not told. */
  get more(): boolean {
    return this.#root.more;
  }

  /**
   * At most so many places by their JSON Pointers, in which `*` stands for each member of a list; those first
   * that stand higher.
   */
  told(most: number): Record<string, Found> {
    const all: [steps: string[], Place][] = [[[], this.#root]];
    for (const [steps, place] of all) {
      place.judge();
      const below = [...place.below].slice(0, most + 1 - all.length);
      if (below.length < place.below.size) place.more = true;
      for (const [name, one] of below) all.push([[...steps, name], one]);
    }
    return Object.fromEntries(all.slice(1).map(([steps, place]) => [formatPointer(steps), foundAt(place)]));
  }

  /** What stands in a place under a name; undefined where that is not told. */
  #below(place: Place, name: string): Place | undefined {
    const known = place.below.get(name);
    if (known) return known;
    if (this.size === MOST_PLACES || !isName(name)) {
      place.more = true;
      return undefined;
    }
    const made = new Place();
    place.below.set(name, made);
    this.size += 1;
    if (place.below.size <= MOST_NAMES) return made;
    place.judge();
    return undefined;
  }
}

function foundAt({ documents, types, more }: Place): Found {
  const named = [...types].map(([type, count]) => [TYPES[type], count] as const);
  return { documents, types: Object.fromEntries(named), ...(more && { more }) };
}
