import { Decimal128 } from 'bson';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { exactDecimal } from '../../../adapters/mongo/exact-decimal.ts';

const digits = (maxLength: number) => fc.stringMatching(new RegExp(`^\\d{0,${maxLength}}$`));
const exponent = fc.oneof(
  fc.constant(''),
  fc.integer({ min: -6200, max: 6200 }).map((power) => `E${power}`),
);

it('is what the driver makes of the same digits, or nothing', () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      digits(40),
      digits(40),
      fc.boolean(),
      exponent,
      (isNegative, whole, part, point, power) => {
        const text = `${isNegative ? '-' : ''}${whole}${point ? `.${part}` : ''}${power}`;
        const exact = exactDecimal(text);
        if (exact) expect(exact.toString()).toBe(Decimal128.fromString(text).toString());
      },
    ),
    { numRuns: 2000 },
  );
});

it.each([
  '0',
  '-0',
  '0.00',
  '1',
  '100',
  '00012.340',
  '9'.repeat(34),
  `-0.${'9'.repeat(34)}`,
  '1E-6176',
  '1E6111',
  '9E+6111',
])('has the same bytes as the driver has for %s', (text) => {
  expect(exactDecimal(text)?.bytes).toEqual(Decimal128.fromString(text).bytes);
});

it.each(['1E-6177', '1E6145', '9'.repeat(35), '', '.', 'x', '1e', '--1'])('is nothing for %s', (text) => {
  expect(exactDecimal(text)).toBeUndefined();
});
