/** The axis of time, in milliseconds from 0 on. */
export interface Axis {
  readonly ms: number;
  readonly ticks: readonly number[];
  /** The batch's deadline where it lies on the axis. */
  readonly deadline: number | undefined;
}

/**
 * An axis of which so many milliseconds fill this part at most: beside a bar stands how long it took. The
 * deadline stands on it where near.
 */
export function axisOf(lastMs: number, deadlineMs: number | undefined, filled: number): Axis {
  const isNear = deadlineMs !== undefined && deadlineMs <= lastMs * 1.6;
  const ms = Math.max(1, lastMs / filled, isNear ? deadlineMs * 1.04 : 0);
  const step = stepOf(ms);
  const ticks = Array.from({ length: Math.floor(ms / step) + 1 }, (_none, index) => index * step);
  return { ms, ticks, deadline: isNear ? deadlineMs : undefined };
}

/** 1, 2 or 5 times a power of ten, so that there are four to ten steps. */
function stepOf(ms: number): number {
  const power = 10 ** Math.floor(Math.log10(ms / 4));
  return [5, 2].map((factor) => factor * power).find((step) => ms / step >= 4) ?? power;
}

/** Milliseconds for a person: `3.1 ms`, `1.2 s`. */
export function shownMs(ms: number): string {
  if (ms >= 1000) return `${Number((ms / 1000).toFixed(2))} s`;
  return `${ms >= 100 ? Math.round(ms) : Number(ms.toFixed(1))} ms`;
}
