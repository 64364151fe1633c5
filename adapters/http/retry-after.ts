import { httpDate } from './http-date.ts';

/** A Retry-After header (RFC 9110 §10.2.3), seconds or an HTTP date, in whole milliseconds from now. */
export function retryAfterMs(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  // Some stores send fractions. Waiting too short would be worse than a millisecond too long.
  if (/^\d{1,9}(?:\.\d{1,9})?$/.test(header)) return Math.ceil(Number(header) * 1000);
  const instant = httpDate(header, now);
  return instant === undefined ? undefined : Math.max(0, instant - now);
}
