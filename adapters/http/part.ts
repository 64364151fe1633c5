/** The part of a body that an answer holds. */
export interface Part {
  readonly first: number;
  readonly last: number;
  /** Bytes of the whole; undefined where the store does not say. */
  readonly size: number | undefined;
}

/** What a `content-range` says (RFC 9110 §14.4); undefined if it is none, or contradicts itself. */
export function readPart(contentRange = ''): Part | undefined {
  const found = /^bytes (\d{1,15})-(\d{1,15})\/(?:(\d{1,15})|\*)$/i.exec(contentRange);
  if (!found) return undefined;
  const [first = 0, last = 0] = found.slice(1, 3).map(Number);
  const size = found[3] === undefined ? undefined : Number(found[3]);
  return first <= last && last < (size ?? Infinity) ? { first, last, size } : undefined;
}

/**
 * Whether a part is all of what a `range` of bytes asks for; without one, all there is. Where a body ends is
 * known by its size alone.
 */
export function isAll({ first, last, size = Infinity }: Part, range = 'bytes=0-'): boolean {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
  if (from === '') return last === size - 1 && first === Math.max(0, size - Number(to));
  return first === Number(from) && last === Math.min(size - 1, to === '' ? Infinity : Number(to));
}
