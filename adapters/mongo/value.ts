import { BSONError, deserialize, type DeserializeOptions } from 'bson';
import type { Value } from '../../src/payload.ts';
import { bsonToJson, elementToJson } from './bson-json.ts';
import { elements } from './bson-reader.ts';
import type { Mode } from './query.ts';

const TYPED: DeserializeOptions = { promoteLongs: false, promoteBuffers: false, bsonRegExp: true };

/**
 * Types are kept, so that what was read can be asked for again. Doubles and 32-bit integers are plain numbers, but not where canonical
 * Extended JSON was asked for: that tells a double 2 from an integer 2.
 */
function typed(bytes: Buffer, mode: Mode): Record<string, unknown> {
  return deserialize(bytes, mode === 'canonical' ? { ...TYPED, promoteValues: false } : TYPED);
}

/** One document of the store, or null. Its JSON is written at once, its typed value read only if something looks inside. */
export function documentValue(bytes: Buffer | undefined, mode: Mode): Value {
  if (!bytes) return { kind: 'value', json: 'null', value: null };
  return new Lazy(bsonToJson(bytes, mode), mode, () => typed(bytes, mode));
}

/** A list of documents. */
export function documentsValue(documents: readonly Buffer[], mode: Mode): Value {
  const json = `[${documents.map((bytes) => bsonToJson(bytes, mode)).join(',')}]`;
  return new Lazy(json, mode, () => documents.map((bytes) => typed(bytes, mode)));
}

/** A member of a document, which is a list or a number. */
export function memberValue(bytes: Buffer, name: string, mode: Mode): Value {
  for (const element of elements(bytes)) {
    if (element.name === name) {
      return new Lazy(elementToJson(bytes, element.type, element.at, mode), mode, () => typed(bytes, mode)[name]);
    }
  }
  throw new BSONError(`no ${name}`);
}

class Lazy implements Value {
  readonly kind = 'value';
  readonly json: string;
  readonly mode: Mode;
  #read: (() => unknown) | undefined;
  #value: unknown;

  constructor(json: string, mode: Mode, read: () => unknown) {
    this.json = json;
    this.mode = mode;
    this.#read = read;
  }

  get value(): unknown {
    if (this.#read) {
      this.#value = this.#read();
      this.#read = undefined;
    }
    return this.#value;
  }
}
