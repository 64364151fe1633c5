/** Chance, the same again for the same seed. */
export interface Random {
  /** True so often. */
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(list: readonly T[]) => T;
  /** A whole number from 1 to a bound, each order of magnitude as often as another. */
  readonly size: (most: number) => number;
}

/** Makes it (mulberry32). */
export function randomOf(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    chance: (probability) => next() < probability,
    pick: (list) => list[Math.floor(next() * list.length)]!,
    size: (most) => Math.max(1, Math.floor(Math.exp(next() * Math.log(most + 1)))),
  };
}
