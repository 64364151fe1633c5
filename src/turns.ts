import { setImmediate as immediate } from 'node:timers/promises';

/** Milliseconds after which others get their turn of the event loop. */
const HELD_MS = 5;

/** Bytes from which on reading a text is such work. */
const LARGE = 16_384;

let began: number | undefined;

/**
 * Whether work that takes a while has held the event loop for some milliseconds. What would be more of it waits first, and begins right after
 * the answer, nothing awaited in between: `while (isHeld()) await nextTurn();`
 */
export function isHeld(): boolean {
  const now = performance.now();
  if (began !== undefined) return now - began >= HELD_MS;
  began = now;
  setImmediate(() => (began = undefined));
  return false;
}

/** Resolves after others have had their turn. */
export function nextTurn(): Promise<void> {
  return immediate();
}

/** Resolves when a text of so many bytes may be read without keeping others waiting. */
export async function turnToRead(bytes: number): Promise<void> {
  if (bytes >= LARGE) while (isHeld()) await nextTurn();
}
