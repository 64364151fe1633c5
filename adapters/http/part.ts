import type { Duplex } from 'node:stream';
import { CodapError } from '../../src/errors.ts';
import { exactly } from './exactly.ts';

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
 * Whether a `content-range` is one in other units than bytes, such as `items 0-24/573`; some servers leave
 * the unit out, PostgREST among them.
 */
export function isOfOtherUnits(contentRange: string): boolean {
  return /^(?:(?!bytes )[!#$%&'*+.^_`|~\w-]+ )?(?:\d+-\d+|\*)\/(?:\d+|\*)$/i.test(contentRange);
}

/** Bytes of a part. */
export function lengthOf({ first, last }: Part): number {
  return last - first + 1;
}

/** Whether nothing but counting tells that a part came whole: it has no `length` of its own. */
export function isCounted(part: Part | undefined, length: number | undefined): part is Part {
  return part !== undefined && length === undefined;
}

/** What such a part goes through to be counted; any other body through nothing. */
export function counting(part: Part | undefined, length: number | undefined): readonly Duplex[] {
  return isCounted(part, length) ? [exactly(lengthOf(part))] : [];
}

/** One range of bytes, open at either end (RFC 9110 §14.1.2). */
const ONE = /^bytes=(?:(\d+)-(\d*)|-(\d+))$/i;

/** Whether a `range` asks for one range of bytes. */
export function isOfBytes(range: string | undefined): boolean {
  return range !== undefined && ONE.test(range);
}

/**
 * The same part, where the store does not know how much there is, and the `range` of bytes that was asked for
 * has no end of its own: it ends where the body does.
 */
export function endingThere(part: Part | undefined, range: string | undefined): Part | undefined {
  const [, , to, suffix] = ONE.exec(range ?? '') ?? [];
  return part && part.size === undefined && (to === '' || suffix) ? { ...part, size: part.last + 1 } : part;
}

/**
 * Checks the part that an answer holds, whose `length` may be told: BAD_RESPONSE unless it is all of what a
 * `range` of bytes asks for, or, without one, all there is. What is answered to several ranges, or to one in
 * other units, is for whoever asked; if it is a part of bytes, it has to be as long as it says.
 */
export function checkPart(
  part: Part | undefined,
  length: number | undefined,
  range: string | undefined,
  status = 206,
): void {
  const isOne = range === undefined || ONE.test(range);
  if (part ? (!isOne || isAll(part, range)) && (length ?? lengthOf(part)) === lengthOf(part) : !isOne) return;
  throw new CodapError('BAD_RESPONSE', 'the store answered another part than it was asked for, or does not say which', {
    status,
  });
}

/**
 * Whether a part is all of what a `range` of bytes asks for; without one, all there is. Where a body ends is
 * known by its size alone.
 */
export function isAll({ first, last, size = Infinity }: Part, range = 'bytes=0-'): boolean {
  const [, from, to = '', suffix] = ONE.exec(range) ?? [];
  if (from === undefined) return last === size - 1 && first === Math.max(0, size - Number(suffix));
  return first === Number(from) && last === Math.min(size - 1, to === '' ? Infinity : Number(to));
}
