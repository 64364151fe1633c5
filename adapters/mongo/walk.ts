import { entriesOf, hasMember, isObject, put, type Members } from '../../src/json/members.ts';
import { isHole } from '../../src/store/placeholder.ts';
import { choice } from '../../src/store/choice.ts';
import type { ReportFault } from '../adapter.ts';
import { allowedFor } from '../fillable.ts';
import { FillingRoom, NotData } from './filling-room.ts';

/** What a source lets its queries name. */
export interface Lists {
  readonly collections: ReadonlySet<string>;
  readonly operators: ReadonlySet<string>;
  readonly stages: ReadonlySet<string>;
}

/** A JSON object: neither null, a list nor a reference. */
export type Fields = Members;

/** True for a JSON object. */
export function isFields(value: unknown): value is Fields {
  return isObject(value) && !isHole(value);
}

/** False for the keys that BSON, or the driver's way of writing it, cannot hold. */
export function isSendable(key: string): boolean {
  return key !== '_bsontype' && !key.includes('\0') && key.isWellFormed();
}

/** What is said of these. */
export const UNSENDABLE = 'a key without NUL and lone surrogates, other than _bsontype, is allowed here';

/** Reads one position of a query: checks it, and answers what is sent to the store in its place. */
export type Read = (walk: Walk, value: unknown) => unknown;

/** One walk over a query: where it stands, what it may name, and what it found wrong. */
export class Walk {
  readonly lists: Lists;
  /** What its references may be filled in with, all together. */
  readonly room = new FillingRoom();
  readonly #report: ReportFault;
  readonly #path: (string | number)[] = [];
  #literalOnly = 0;

  constructor(lists: Lists, report: ReportFault) {
    this.lists = lists;
    this.#report = report;
  }

  /** The last step to where it stands: a key, or '' at the start and in a list. */
  get key(): string {
    const last = this.#path.at(-1);
    return typeof last === 'string' ? last : '';
  }

  /** Reads a value one step further down. */
  at(key: string | number, value: unknown, read: Read): unknown {
    this.#path.push(key);
    const result = read(this, value);
    this.#path.pop();
    return result;
  }

  /** Reports what is wrong here; what is answered in its place is never sent. */
  fault(detail: string): null {
    this.#report([...this.#path], detail);
    return null;
  }

  /** Reports that something else is allowed here than this value. */
  other(value: unknown, what: string): null {
    return this.fault(this.takesReferences ? allowedFor(value, what) : `${what} is allowed here`);
  }

  /** Reports what is wrong one step further down. */
  faultAt(key: string | number, detail: string): null {
    this.#report([...this.#path, key], detail);
    return null;
  }

  /** Reports a key that is none of the operators that queries may use here, beside which others may stand. */
  notOperator(key: string, here: Iterable<string>, mayRefer = false, others: readonly string[] = []): null {
    const allowed = [...here].filter((name) => this.lists.operators.has(name));
    const but = mayRefer && this.takesReferences ? ', but a reference is' : '';
    const why = key.startsWith('$') ? `this operator is not allowed${but}; ` : '';
    return this.faultAt(key, `${why}${choice([...others, ...allowed])}`);
  }

  /** Does what may throw NotData, which is reported here. */
  filling<T>(take: () => T): T | null {
    try {
      return take();
    } catch (error) {
      if (error instanceof NotData) return this.fault(error.message);
      throw error;
    }
  }

  /** Reads a value in which, at any depth, no reference may stand. */
  literally(value: unknown, read: Read): unknown {
    this.#literalOnly += 1;
    const result = read(this, value);
    this.#literalOnly -= 1;
    return result;
  }

  /** Whether a reference may stand here, as far as what is around it is concerned. */
  get takesReferences(): boolean {
    return this.#literalOnly === 0;
  }

  /** The same; if not, that is reported. */
  mayHole(): boolean {
    if (this.takesReferences) return true;
    this.noHole();
    return false;
  }

  noHole(): null {
    return this.fault('a reference may not stand here');
  }

  /** Reads every member of a list, which is no reference. */
  list(value: unknown, read: Read, atLeast = 0): unknown {
    if (isHole(value)) return this.noHole();
    if (!Array.isArray(value)) return this.fault('a list is allowed here');
    if (value.length < atLeast) return this.fault('the list may not be empty');
    return value.map((member, index) => this.at(index, member, read));
  }

  /** Reads every member of an object, whose keys name fields. */
  named(value: unknown, read: Read): unknown {
    if (isHole(value)) return this.noHole();
    if (!isFields(value)) return this.fault('an object is allowed here');
    let result: object = {};
    for (const [key, member] of entriesOf(value)) {
      if (key.startsWith('$')) this.faultAt(key, 'a field name is allowed here, no operator');
      else if (!isSendable(key)) this.faultAt(key, UNSENDABLE);
      else result = put(result, key, this.at(key, member, read));
    }
    return result;
  }

  /** Reads an object with these members alone. */
  fields(value: unknown, shape: Readonly<Record<string, Read>>, required: readonly string[] = []): unknown {
    if (isHole(value)) return this.noHole();
    if (!isFields(value)) return this.fault('an object is allowed here');
    let result: object = {};
    for (const [key, member] of entriesOf(value)) {
      const read = Object.hasOwn(shape, key) ? shape[key] : undefined;
      if (read) result = put(result, key, this.at(key, member, read));
      else this.faultAt(key, choice(Object.keys(shape)));
    }
    for (const key of required) if (!hasMember(value, key)) this.fault(`${key} is missing`);
    return result;
  }

  /** Reads an object with those of these operators alone that queries may use. */
  operators(value: unknown, shape: Readonly<Record<string, Read>>): unknown {
    const allowed = Object.entries(shape).filter(([name]) => this.lists.operators.has(name));
    return this.fields(value, Object.fromEntries(allowed));
  }
}
