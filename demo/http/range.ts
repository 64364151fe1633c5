/** Bytes from `start` up to and without `end`. */
export interface Range {
  start: number;
  end: number;
}

/**
 * Reads a `Range` header of one range (RFC 9110 §14.1.2). Any other is undefined: everything. 416 where it
 * holds no byte.
 */
export function parseRange(header: string | undefined, size: number): Range | 416 | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || first + last === '') return undefined;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 416 : { start: size - length, end: size };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return undefined;
  return start >= size ? 416 : { start, end: last === '' ? size : Math.min(Number(last) + 1, size) };
}
