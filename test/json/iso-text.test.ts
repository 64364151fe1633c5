import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoText } from '../../src/json/iso-text.ts';

const MOST = 8_640_000_000_000_000;

describe('an instant as text', () => {
  it.each([
    0,
    -1,
    1,
    999,
    -MOST,
    MOST,
    1 - MOST,
    MOST - 1,
    -62_167_219_200_000,
    -62_167_219_200_001,
    253_402_300_800_000,
  ])('is what a Date gives: %i', (instant) => {
    expect(isoText(instant)).toBe(new Date(instant).toISOString());
  });

  it.each([
    ['over the whole range', MOST],
    ['within some years', 200_000_000_000],
  ])('is what a Date gives, %s', (_name, most) => {
    fc.assert(
      fc.property(fc.integer({ min: -most, max: most }), (instant) => {
        expect(isoText(instant)).toBe(new Date(instant).toISOString());
      }),
      { numRuns: 5000 },
    );
  });
});
