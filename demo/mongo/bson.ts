import { BSONRegExp, deserialize, type Document } from 'bson';

/** A document as mingo compares it: plain numbers, a Long only beyond 2^53. */
export function toView(raw: Uint8Array): Document {
  return deserialize(raw, { bsonRegExp: true });
}

/** A document with every BSON type kept, so that encoding it again gives the same bytes. */
export function toTyped(raw: Uint8Array): Document {
  return deserialize(raw, { bsonRegExp: true, promoteValues: false });
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
