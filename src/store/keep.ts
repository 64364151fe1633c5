import type { Kept, Value } from './payload.ts';
import { withMeta } from './with-meta.ts';

/** How many times the length of its JSON a value may hold that does not tell: as text and as objects. */
const UNTOLD = 20;

/** A value so that it can be kept for long. One that cannot tell what it holds counts for much. */
export function keep(value: Value): Kept {
  return (
    value.keep?.() ?? { bytes: UNTOLD * value.json.length, value: (meta) => (meta ? withMeta(value, meta) : value) }
  );
}

/** Bytes in memory of their own: a part of a larger piece would keep all of that alive. */
export function ownBytes(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength === bytes.length) return bytes;
  const own = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(own);
  return own;
}

/** Bytes of memory that a text takes at most: one for each character, or two where one of them needs two. */
export function bytesOfText(text: string): number {
  return Buffer.byteLength(text) === text.length ? text.length : 2 * text.length;
}
