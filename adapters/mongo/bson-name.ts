import { nul, octet, utf8 } from './bson-reader.ts';

/** An element's name. */
export interface Name {
  /** As it stands in BSON, without the NUL at its end. */
  readonly bytes: Buffer;
  readonly text: string;
  /** Where the name that came after it the last time is found. */
  next: number;
}

// The names in a collection's documents are few, and come in the same order again and again: after each one
// the next is guessed. Others are found by a hash of their bytes. Either way they are compared.
const names: Name[] = [];
const SLOTS = 4096;
const MOST_BYTES = 64;
let last: Name = { text: '', bytes: Buffer.of(), next: 0 };

/** The name that begins at `from`. */
export function nameAt(bytes: Buffer, from: number): Name {
  const guess = names[last.next];
  if (guess && isAt(guess, bytes, from)) return (last = guess);
  let slot = 0;
  const end = nul(bytes, from);
  for (let at = from; at < end; at++) slot = (slot * 31 + octet(bytes, at)) & (SLOTS - 1);
  let name = names[slot];
  if (!name || !isAt(name, bytes, from)) {
    name = nameOf(bytes, from, end);
    if (end - from > MOST_BYTES) return name;
    names[slot] = name;
  }
  last.next = slot;
  return (last = name);
}

function nameOf(bytes: Buffer, from: number, end: number): Name {
  return { bytes: Buffer.from(bytes.subarray(from, end)), text: utf8(bytes, from, end), next: 0 };
}

function isAt({ bytes: known }: Name, bytes: Buffer, from: number): boolean {
  const { length } = known;
  for (let at = 0; at < length; at++) if (octet(known, at) !== octet(bytes, from + at)) return false;
  return bytes[from + length] === 0;
}
