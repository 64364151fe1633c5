import { BSONError } from 'bson';
import type { Mode } from '../../src/json/typed-text.ts';
import type { Value } from '../../src/store/payload.ts';
import { atOnce, Work, type Steps } from '../../src/budget/work.ts';
import { bsonToJson, documentsToJson, elementToJson } from './bson-json.ts';
import { DOCUMENT, elements } from './bson-reader.ts';
import { elementToValue } from './bson-value.ts';
import type { JsonWriter } from './json-writer.ts';

/** Doubles and 32-bit integers are plain numbers, but not where canonical Extended JSON was asked for. */
function isExact(mode: Mode): boolean {
  return mode === 'canonical';
}

/**
 * A small document, or null. Its JSON is written at once, its typed value read only if something looks
 * inside.
 */
export function documentValue(bytes: Buffer | undefined, mode: Mode): Value {
  if (!bytes) return { kind: 'value', json: 'null', value: null };
  return new Lazy(bsonToJson(bytes, mode), mode, readingOf(bytes, DOCUMENT, 0, mode));
}

/** One document of the store that is large. */
export function largeDocumentValue(bytes: Buffer, mode: Mode): Steps<Value> {
  return elementValue(bytes, DOCUMENT, 0, mode);
}

/** A list of documents. */
export function* documentsValue(documents: readonly Buffer[], mode: Mode, work: Work): Steps<Value> {
  return new Lazy(yield* documentsToJson(documents, mode, work), mode, function* (work) {
    const list: unknown[] = [];
    for (const bytes of documents) {
      if (work.tick(1 + (bytes.length >> 4))) yield;
      list.push(yield* elementToValue(bytes, DOCUMENT, 0, isExact(mode)));
    }
    return list;
  });
}

/** A member of a document, which is a list or a number. */
export function* memberValue(bytes: Buffer, name: string, mode: Mode): Steps<Value> {
  for (const { type, name: found, at } of elements(bytes)) {
    if (found === name) return yield* elementValue(bytes, type, at, mode);
  }
  throw new BSONError(`no ${name}`);
}

function* elementValue(bytes: Buffer, type: number, at: number, mode: Mode): Steps<Value> {
  return new Lazy(yield* elementToJson(bytes, type, at, mode), mode, readingOf(bytes, type, at, mode));
}

function readingOf(bytes: Buffer, type: number, at: number, mode: Mode): Reading {
  return function* (work) {
    if (work.tick(bytes.length >> 4)) yield;
    return yield* elementToValue(bytes, type, at, isExact(mode));
  };
}

type Reading = (work: Work) => Steps<unknown>;

class Lazy implements Value {
  readonly kind = 'value';
  readonly bytes: Buffer | undefined;
  readonly mode: Mode;
  #json: string | JsonWriter;
  #reading: Reading | undefined;
  #value: unknown;

  constructor(json: string | JsonWriter, mode: Mode, reading: Reading) {
    this.bytes = typeof json === 'string' ? undefined : json.written;
    this.#json = json;
    this.mode = mode;
    this.#reading = reading;
  }

  get json(): string {
    return (this.#json = String(this.#json));
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
