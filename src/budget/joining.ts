import { isHeld } from './turns.ts';
import type { Steps } from './work.ts';

/** Bytes that are copied at once: memory that nobody has touched yet takes several times longer. */
const AT_ONCE = 1_048_576;

/** One buffer of many, copied in turns with others. */
export function* joining(pieces: readonly Buffer[]): Steps<Buffer> {
  const [first] = pieces;
  if (first && pieces.length === 1) return first;
  const whole = Buffer.allocUnsafe(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    for (let from = 0; from < piece.length; from += AT_ONCE) {
      at += piece.copy(whole, at, from, from + AT_ONCE);
      if (isHeld()) yield;
    }
  }
  return whole;
}
