import { BSONError } from 'bson';
import type { Mode } from '../../src/json/typed-text.ts';
import { bytesOfText, ownBytes } from '../../src/store/keep.ts';
import { type Opened, openedBy } from '../../src/store/opened.ts';
import type { Kept, Meta, Value } from '../../src/store/payload.ts';
import { atOnce, Work, type Steps } from '../../src/budget/work.ts';
import { bsonToJson, documentsToJson, elementToJson } from './bson-json.ts';
import { DOCUMENT, elements, int32 } from './bson-reader.ts';
import { elementToValue } from './bson-value.ts';

/**
 * A small document, or null. Its JSON is written at once, its typed value read only if something looks
 * inside.
 */
export function documentValue(bytes: Buffer | undefined, mode: Mode): Value {
  if (!bytes) return new Nothing();
  return new Lazy(bsonToJson(bytes, mode), mode, [bytes], readDocument);
}

/** One document of the store that is large. */
export function largeDocumentValue(bytes: Buffer, mode: Mode): Steps<Value> {
  return elementValue(bytes, DOCUMENT, 0, mode);
}

/** A list of documents. */
export function* documentsValue(documents: readonly Buffer[], mode: Mode, work: Work): Steps<Value> {
  const { written } = yield* documentsToJson(documents, mode, work);
  return new Lazy(written, mode, documents, readDocuments);
}

/** A member of a document, which is a list or a number. */
export function* memberValue(bytes: Buffer, name: string, mode: Mode): Steps<Value> {
  for (const { type, name: found, at } of elements(bytes)) {
    if (found === name) return yield* elementValue(bytes, type, at, mode);
  }
  throw new BSONError(`no ${name}`);
}

function* elementValue(bytes: Buffer, type: number, at: number, mode: Mode): Steps<Value> {
  const json = yield* elementToJson(bytes, type, at, mode);
  return new Lazy(typeof json === 'string' ? json : json.written, mode, [bytes], readingOf(type, at));
}

/** Makes of what the store sent what it stands for. */
type Reading = (sent: readonly Buffer[], work: Work) => Steps<unknown>;

function readingOf(type: number, at: number): Reading {
  return function* ([bytes = Buffer.of()], work) {
    if (work.tick(bytes.length >> 4)) yield;
    return yield* elementToValue(bytes, type, at);
  };
}

const readDocument = readingOf(DOCUMENT, 0);

/** Each piece holds one document, or several one after the other. */
function* readDocuments(sent: readonly Buffer[], work: Work): Steps<unknown> {
  const list: unknown[] = [];
  for (const bytes of sent) {
    for (let at = 0; at < bytes.length; at += int32(bytes, at)) {
      if (work.tick(1 + (int32(bytes, at) >> 4))) yield;
      list.push(yield* elementToValue(bytes, DOCUMENT, at));
    }
  }
  return list;
}

/** Bytes that V8 takes for a byte of BSON once it is read: of orders with ids, dates and numbers 3.4. */
const OPENED = 4;

class Lazy implements Value {
  readonly kind = 'value';
  readonly bytes: Buffer | undefined;
  readonly mode: Mode;
  readonly meta?: Meta;
  #json: string | Buffer;
  #sent: readonly Buffer[];
  readonly #reading: Reading;
  #opened: Opened | undefined;

  constructor(json: string | Buffer, mode: Mode, sent: readonly Buffer[], reading: Reading, meta?: Meta) {
    this.bytes = typeof json === 'string' ? undefined : json;
    this.#json = json;
    this.mode = mode;
    this.#sent = sent;
    this.#reading = reading;
    if (meta) this.meta = meta;
  }

  get json(): string {
    return (this.#json = String(this.#json));
  }

  get value(): unknown {
    return this.#opened ? this.#opened.value : atOnce(this.read(new Work(Infinity)));
  }

  *read(work: Work): Steps<unknown> {
    if (this.#opened) return this.#opened.for(work);
    const bytes = OPENED * this.#sent.reduce((sum, { length }) => sum + length, 0);
    work.opens(bytes);
    this.#opened = yield* openedBy(this.#reading(this.#sent, work), { bytes }, work, () => this.#opened);
    this.#sent = [];
    return this.#opened.for(work);
  }

  keep(): Kept | undefined {
    if (this.#opened) return undefined;
    const sent = ownBytes(this.#sent.length === 1 ? this.#sent[0]! : Buffer.concat(this.#sent));
    return new KeptDocuments(this.bytes ? ownBytes(this.bytes) : this.json, this.mode, sent, this.#reading);
  }
}

/** Documents that are kept: their JSON, and what the store sent, in one piece. */
class KeptDocuments implements Kept {
  readonly #json: string | Buffer;
  readonly #mode: Mode;
  readonly #sent: readonly [Buffer];
  readonly #reading: Reading;

  constructor(json: string | Buffer, mode: Mode, sent: Buffer, reading: Reading) {
    this.#json = json;
    this.#mode = mode;
    this.#sent = [sent];
    this.#reading = reading;
  }

  get bytes(): number {
    return this.#sent[0].length + (typeof this.#json === 'string' ? bytesOfText(this.#json) : this.#json.length);
  }

  value(meta: Meta | undefined): Value {
    return new Lazy(this.#json, this.#mode, this.#sent, this.#reading, meta);
  }
}

/** No document. */
class Nothing implements Value {
  readonly kind = 'value';
  readonly json = 'null';
  readonly value = null;
  readonly meta?: Meta;

  constructor(meta?: Meta) {
    if (meta) this.meta = meta;
  }

  keep(): Kept {
    return { bytes: 0, value: (meta) => new Nothing(meta) };
  }
}
