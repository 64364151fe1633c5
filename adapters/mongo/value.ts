import { BSONError } from 'bson';
import type { Mode } from '../../src/json/typed-text.ts';
import type { Value } from '../../src/store/payload.ts';
import { atOnce, Work, type Steps } from '../../src/budget/work.ts';
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
  return new Lazy(bsonToJson(bytes, mode), mode, function* (work) {
    if (work.tick(bytes.length >> 4)) yield;
    return bsonToValue(bytes, isExact(mode));
  });
}

/** A list of documents. */
export function* documentsValue(documents: readonly Buffer[], mode: Mode, work: Work): Steps<Value> {
  let json = '';
  for (const bytes of documents) {
    if (work.tick(1 + (bytes.length >> 6))) yield;
    json += json === '' ? bsonToJson(bytes, mode) : `,${bsonToJson(bytes, mode)}`;
  }
  return new Lazy(`[${json}]`, mode, function* (work) {
    const list: object[] = [];
    for (const bytes of documents) {
      if (work.tick(1 + (bytes.length >> 4))) yield;
      list.push(bsonToValue(bytes, isExact(mode)));
    }
    return list;
  });
}

/** A member of a document, which is a list or a number. */
export function memberValue(bytes: Buffer, name: string, mode: Mode): Value {
  for (const { type, name: found, at } of elements(bytes)) {
    if (found !== name) continue;
    return new Lazy(elementToJson(bytes, type, at, mode), mode, function* (work) {
      if (work.tick(bytes.length >> 4)) yield;
      return elementToValue(bytes, type, at, isExact(mode));
    });
  }
  throw new BSONError(`no ${name}`);
}

class Lazy implements Value {
  readonly kind = 'value';
  readonly json: string;
  readonly mode: Mode;
  #reading: ((work: Work) => Steps<unknown>) | undefined;
  #value: unknown;

  constructor(json: string, mode: Mode, reading: (work: Work) => Steps<unknown>) {
    this.json = json;
    this.mode = mode;
    this.#reading = reading;
  }

  get value(): unknown {
    return this.#reading ? atOnce(this.read(new Work(Infinity))) : this.#value;
  }

  *read(work: Work): Steps<unknown> {
    if (this.#reading) {
      const value = yield* this.#reading(work);
      this.#value ??= value;
      this.#reading = undefined;
    }
    return this.#value;
  }
}
