import { BSONError } from 'bson';
import type { Mode } from '../../src/json/typed-text.ts';
import type { Value } from '../../src/payload.ts';
import { bsonToJson, elementToJson } from './bson-json.ts';
import { elements } from './bson-reader.ts';
import { bsonToValue, elementToValue } from './bson-value.ts';

/** Doubles and 32-bit integers are plain numbers, but not where canonical Extended JSON was asked for. */
function isExact(mode: Mode): boolean {
  return mode === 'canonical';
}

/** One document of the store, or null. Its JSON is written at once, its typed value read only if something looks inside. */
export function documentValue(bytes: Buffer | undefined, mode: Mode): Value {
  if (!bytes) return { kind: 'value', json: 'null', value: null };
  return new Lazy(bsonToJson(bytes, mode), mode, () => bsonToValue(bytes, isExact(mode)));
}

/** A list of documents. */
export function documentsValue(documents: readonly Buffer[], mode: Mode): Value {
  const json = `[${documents.map((bytes) => bsonToJson(bytes, mode)).join(',')}]`;
  return new Lazy(json, mode, () => documents.map((bytes) => bsonToValue(bytes, isExact(mode))));
}

/** A member of a document, which is a list or a number. */
export function memberValue(bytes: Buffer, name: string, mode: Mode): Value {
  for (const { type, name: found, at } of elements(bytes)) {
    if (found !== name) continue;
    return new Lazy(elementToJson(bytes, type, at, mode), mode, () => elementToValue(bytes, type, at, isExact(mode)));
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
