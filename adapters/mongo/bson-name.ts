import { octet, utf8 } from './bson-reader.ts';

/** An element's name: as text, and as JSON. */
export interface Name {
  readonly text: string;
  readonly json: string;
}

// The names in a collection's documents are few, and the same again and again: found by a hash of their bytes,
// and compared.
const names: (Name & { readonly bytes: Buffer })[] = [];
const SLOTS = 4096;
const MOST_BYTES = 64;

/** The name in the bytes from `from` up to `to`. */
export function nameAt(bytes: Buffer, from: number, to: number): Name {
  let slot = to - from;
  for (let at = from; at < to; at++) slot = (slot * 31 + octet(bytes, at)) & (SLOTS - 1);
  const known = names[slot];
  if (known && isSame(known.bytes, bytes, from, to)) return known;
  const text = utf8(bytes, from, to);
  const name = { text, json: JSON.stringify(text), bytes: Buffer.from(bytes.subarray(from, to)) };
  if (to - from <= MOST_BYTES) names[slot] = name;
  return name;
}

function isSame(known: Buffer, bytes: Buffer, from: number, to: number): boolean {
  if (known.length !== to - from) return false;
  for (let at = from; at < to; at++) if (known[at - from] !== bytes[at]) return false;
  return true;
}
