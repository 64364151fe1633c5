import { httpDate } from './http-date.ts';

/** The longest wait that is told, in milliseconds. */
const LONGEST = Number.MAX_SAFE_INTEGER;

/** A Retry-After header (RFC 9110 §10.2.3), seconds or an HTTP date, in whole milliseconds from now. */
export function retryAfterMs(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  // Some stores send fractions. Waiting too short would be worse than a millisecond too long.
  if (/^\d{1,99}(?:\.\d{1,9})?$/.test(header)) return Math.min(Math.ceil(Number(header) * 1000), LONGEST);
  const instant = httpDate(header, now);
  return instant === undefined ? undefined : Math.max(0, instant - now);
}
