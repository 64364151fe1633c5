import { CodapError } from '../../errors.ts';
import { toText } from '../../json/leaf.ts';
import { entriesOf, keysOf, memberOf, put } from '../../json/members.ts';
import { piecesOf } from '../../json/size.ts';
import { Filled, isPlainReference, type Part } from '../../store/placeholder.ts';
import type { Steps, Work } from '../../budget/work.ts';
import { hasReference } from './read-template.ts';
import { Reference } from './reference.ts';

/** What each plain reference of a node was found to be; a `$join` is made from these. */
export type Values = ReadonlyMap<Reference, unknown>;

/** The budgets of the batch, out of which filling in is paid, and what is done with the result. */
export interface Budgets {
  readonly work: Work;
  /** Takes a text that is gathered, or copied, out of the answer's budget. Throws TOO_LARGE. */
  takeBytes(count: number): void;
  readonly options: { readonly limits: { readonly keyChars: number } };
}

/** What templates are filled in with, and out of which budgets. */
export interface Given {
  readonly values: Values;
  readonly budgets: Budgets;
}

/**
 * A template with every reference replaced by its bare value: for conditions, `select` and `as`. What is
 * joined counts against the batch's answer. Throws INVALID, TOO_LARGE.
 */
export function fillValue(template: unknown, given: Given): Steps<unknown> {
  return new Filling(given, bare, nowhere).fill(template);
}

/**
 * Params with every reference replaced by a Filled, for the adapter to place. `placed` hears of each place
 * where one stands, and answers the pieces of work that it is. Throws INVALID, TOO_LARGE.
 */
export function fillParams(template: unknown, given: Given, placed: Placed): Steps<unknown> {
  return new Filling(given, marked, placed).fill(template);
}

type Placed = (reference: Reference, value: unknown) => number;

/** How what is read is put into its place. */
type As = (value: unknown, parts?: readonly Part[]) => unknown;

const bare: As = (value) => value;
const marked: As = (value, parts) => new Filled(value, parts);
const nowhere: Placed = () => 0;

/** Fills in templates. What holds no reference is shared with them, not copied. */
class Filling {
  readonly #given: Given;
  readonly #as: As;
  readonly #placed: Placed;

  constructor(given: Given, as: As, placed: Placed) {
    this.#given = given;
    this.#as = as;
    this.#placed = placed;
  }

  *fill(template: unknown): Steps<unknown> {
    const { work } = this.#given.budgets;
    if (isAtOnce(template)) {
      if (work.tick(this.#piecesOf(template))) yield;
      return this.#read(template);
    }
    if (template instanceof Reference) return yield* this.#join(template);
    if (Array.isArray(template)) {
      const list: unknown[] = [];
      for (const member of template) {
        if (work.tick(1 + this.#piecesOf(member))) yield;
        list.push(isAtOnce(member) ? this.#read(member) : yield* this.fill(member));
      }
      return list;
    }
    let filled: object = {};
    for (const key of keysOf(template as object)) {
      const member = memberOf(template as object, key);
      if (work.tick(1 + this.#piecesOf(member))) yield;
      filled = put(filled, key, isAtOnce(member) ? this.#read(member) : yield* this.fill(member));
    }
    return filled;
  }

  *#join(join: Reference): Steps<unknown> {
    const parts: Part[] = [];
    yield* addParts(parts, join, this.#given);
    let whole = '';
    for (const { text } of parts) whole += text;
    return this.#as(whole, parts);
  }

  /** The work that it is to read what is read at once. */
  #piecesOf(template: unknown): number {
    if (!isPlainReference(template)) return 0;
    const reference = template as Reference;
    return 1 + this.#placed(reference, this.#given.values.get(reference));
  }

  #read(template: unknown): unknown {
    return isPlainReference(template) ? this.#as(this.#given.values.get(template as Reference)) : template;
  }
}

/** Whether nothing within a template has to be gone through. */
function isAtOnce(template: unknown): boolean {
  return isPlainReference(template) || !hasReference(template);
}

function* addParts(parts: Part[], join: Reference, given: Given): Steps<void> {
  const { values, budgets } = given;
  for (const part of join.parts) {
    if (budgets.work.tick()) yield;
    if (typeof part === 'string') parts.push({ text: part, literal: true });
    else if (part.word === '$join') yield* addParts(parts, part as Reference, given);
    else {
      const text = yield* textOf(values.get(part as Reference), budgets);
      parts.push({ text, literal: false });
    }
  }
}

/** Characters of a list that are joined at once. */
const PIECE = 16_384;

/**
 * A value as part of a joined string: a list's members with commas between. A long one is not copied: V8
 * makes one piece of it when somebody looks into it, who sees before how long it is.
 */
function* textOf(value: unknown, budgets: Budgets): Steps<string> {
  let whole = '';
  let texts: string[] = [];
  let length = 0;
  for (const member of Array.isArray(value) ? value : [value]) {
    const text = toText(member);
    if (text === undefined)
      throw new CodapError('INVALID', '$join takes strings, numbers, booleans, ids, dates and lists of these');
    budgets.takeBytes(Buffer.byteLength(text) + 1);
    if (budgets.work.tick(piecesOf(text))) yield;
    texts.push(text);
    length += text.length + 1;
    if (length < PIECE) continue;
    whole += texts.join(',');
    texts = [''];
    length = 0;
  }
  return whole + texts.join(',');
}

const weights = new WeakMap<object, number>();

/** How many pieces of work it is to go through a template once. */
export function* weightOf(template: object, work: Work): Steps<number> {
  const known = weights.get(template);
  if (known !== undefined) return known;
  let weight = 0;
  // A list of very many members is not copied with its indices.
  for (const [key, member] of Array.isArray(template) ? template.entries() : entriesOf(template)) {
    if (work.tick()) yield;
    weight += piecesOf(member) + (typeof key === 'string' ? key.length >> 6 : 0);
    if (typeof member === 'object' && member !== null && !(member instanceof Reference))
      weight += yield* weightOf(member, work);
  }
  weights.set(template, weight);
  return weight;
}
