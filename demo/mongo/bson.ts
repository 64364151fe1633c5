import { BSONRegExp, deserialize, serialize, type Document, type SerializeOptions } from 'bson';

/** A field name that mingo refuses, and one of as many bytes that stands for it wherever mingo looks. */
const PROTO = Buffer.from('__proto__');
const STAND_IN = Buffer.from('\uF8FF\uF8FE\uF8FD');

/** A document as mingo compares it: plain numbers, a Long only beyond 2^53. */
export function toView(raw: Uint8Array): Document {
  return deserialize(exchanged(raw, PROTO, STAND_IN), { bsonRegExp: true });
}

const sources = new WeakMap<Document, Uint8Array>();

/** A view, which nobody may change, whose types can still be asked for. */
export function toStoredView(raw: Uint8Array): Document {
  const view = toView(raw);
  sources.set(view, raw);
  return view;
}

/** The document of a stored view with every BSON type kept; any other one as it is. */
export function typedOf(view: Document): Document {
  const raw = sources.get(view);
  return raw ? toTyped(raw) : view;
}

/** A document with every BSON type kept, so that encoding it again gives the same bytes. */
export function toTyped(raw: Uint8Array): Document {
  return deserialize(exchanged(raw, PROTO, STAND_IN), { bsonRegExp: true, promoteValues: false });
}

/** The bytes of a document, whoever made it. */
export function toRaw(document: Document, options?: SerializeOptions): Uint8Array {
  return exchanged(serialize(document, options), STAND_IN, PROTO);
}

/** The same bytes with one name for another: a copy, where that is in them. */
function exchanged(raw: Uint8Array, name: Buffer, other: Buffer): Uint8Array {
  let at = Buffer.from(raw.buffer, raw.byteOffset, raw.length).indexOf(name);
  if (at < 0) return raw;
  const copy = Buffer.from(raw);
  for (; at >= 0; at = copy.indexOf(name, at)) other.copy(copy, at);
  return copy;
}

/** A command as mingo takes it: a view in which regular expressions are JavaScript's. */
export function toQuery(raw: Uint8Array): Document {
  return withRegExps(toView(raw)) as Document;
}

function withRegExps(value: unknown): unknown {
  if (value instanceof BSONRegExp) return new RegExp(value.pattern, value.options);
  if (Array.isArray(value)) return value.map(withRegExps);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  for (const name of Object.keys(value)) {
    const member = Reflect.get(value, name) as unknown;
    if (typeof member === 'object') Object.defineProperty(value, name, { value: withRegExps(member) });
  }
  return value;
}
