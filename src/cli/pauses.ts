/** The pause before a worker is started again, in milliseconds: the first one, and the longest. */
const FIRST_MS = 100;
const LONGEST_MS = 30_000;
/** A worker that was there for so long has stayed up, in milliseconds. */
const STEADY_MS = 60_000;

/**
 * The pause after a worker that was there for `upMs`, in milliseconds: twice the one before, and the first
 * one again after a worker that stayed up.
 */
export function nextPauseMs(lastMs: number | undefined, upMs: number): number {
  return lastMs === undefined || upMs >= STEADY_MS ? FIRST_MS : Math.min(2 * lastMs, LONGEST_MS);
}
