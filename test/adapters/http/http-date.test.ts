import { describe, expect, it } from 'vitest';
import { httpDate } from '../../../adapters/http/http-date.ts';
import { retryAfterMs } from '../../../adapters/http/retry-after.ts';

const NOW = Date.UTC(2026, 10, 27, 12);
const iso = (text: string) => {
  const instant = httpDate(text, NOW);
  return instant === undefined ? undefined : new Date(instant).toISOString();
};

describe('an HTTP date', () => {
  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37.000Z'],
    ['Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37.000Z'],
    ['Sun Nov  6 08:49:37 1994', '1994-11-06T08:49:37.000Z'],
    ['Sun Nov 16 08:49:37 1994', '1994-11-16T08:49:37.000Z'],
    ['Thu, 29 Feb 2024 23:59:60 GMT', '2024-03-01T00:00:00.000Z'],
    ['Thu, 01 Jan 0050 00:00:00 GMT', '0050-01-01T00:00:00.000Z'],
    ['Friday, 27-Nov-76 12:00:00 GMT', '2076-11-27T12:00:00.000Z'],
    ['Friday, 27-Nov-76 12:00:01 GMT', '1976-11-27T12:00:01.000Z'],
    ['Monday, 29-Feb-00 00:00:00 GMT', '2000-02-29T00:00:00.000Z'],
  ])('%s is %s', (text, expected) => expect(iso(text)).toBe(expected));

  it.each([
    '',
    '0',
    '-1',
    '1994',
    'soon',
    '1994-11-06T08:49:37Z',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 +0000',
    'Sun, 06 Nov 1994 08:49:37 CET',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:37 GMT',
    'Sun, 06 Nov 94 08:49:37 GMT',
    'Xyz, 06 Nov 1994 08:49:37 GMT',
    'Sun Nov 6 08:49:37 1994',
    'Sun Nov  6 08:49:37 1994 GMT',
  ])('%j is none', (text) => expect(iso(text)).toBeUndefined());

  it('has no time zone but UTC, wherever the process runs', () => {
    const zone = process.env['TZ'];
    process.env['TZ'] = 'Asia/Tokyo';
    try {
      expect(iso('Sun Nov  6 08:49:37 1994')).toBe('1994-11-06T08:49:37.000Z');
    } finally {
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  });
});

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    ['1.5', 1500],
    ['12345678901', 12_345_678_901_000],
    ['9'.repeat(40), Number.MAX_SAFE_INTEGER],
    ['0.0001', 1],
    ['Fri, 27 Nov 2026 12:00:30 GMT', 30_000],
    ['Fri Nov 27 12:00:30 2026', 30_000],
    ['Friday, 27-Nov-26 12:00:30 GMT', 30_000],
    ['Fri, 27 Nov 2026 11:00:00 GMT', 0],
  ])('%s is %i ms', (text, expected) => expect(retryAfterMs(text, NOW)).toBe(expected));

  it.each(['', '-3', '-3.5', '+3', '1e3', '1,5', '.5', '3s', 'soon', '2026-11-27', '0x10', '3, 4'])(
    '%j says nothing',
    (text) => expect(retryAfterMs(text, NOW)).toBeUndefined(),
  );
});
