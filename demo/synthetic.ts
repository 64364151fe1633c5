// A prime length, so that a piece taken from the wrong offset hardly ever looks right.
const PATTERN = pattern(1_048_573);
const PIECE = 262_144;

function pattern(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = 0x9e3779b9;
  for (let at = 0; at < length; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state & 0xff;
  }
  return bytes;
}

/**
 * The bytes from `start` up to and without `end` of a content that is the same every time and takes no
 * memory, in pieces of up to 256 KiB.
 */
export function* synthetic(start: number, end: number): Generator<Buffer> {
  for (let at = start; at < end;) {
    const from = at % PATTERN.length;
    const piece = PATTERN.subarray(from, Math.min(from + PIECE, from + end - at, PATTERN.length));
    yield piece;
    at += piece.length;
  }
}
