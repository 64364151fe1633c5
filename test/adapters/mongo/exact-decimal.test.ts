import { Decimal128 } from 'bson';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { exactDecimal } from '../../../adapters/mongo/exact-decimal.ts';
import { decimalOf } from '../../../src/json/digits.ts';

const digits = (maxLength: number) => fc.stringMatching(new RegExp(`^\\d{0,${maxLength}}$`));
const exponent = fc.oneof(
  fc.constant(''),
  fc.integer({ min: -6200, max: 6200 }).map((power) => `E${power}`),
);

const zeros = fc.nat(40).map((count) => '0'.repeat(count));

it('is the same number, or nothing, and that of the driver, where it makes the same of it', () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.tuple(zeros, digits(40), zeros),
      fc.tuple(zeros, digits(40), zeros),
      exponent,
      (isNegative, whole, part, power) => {
        const text = `${isNegative ? '-' : ''}0${whole.join('')}.${part.join('')}0${power}`;
        const exact = exactDecimal(text);
        if (!exact) return;
        expect(decimalOf(exact.toString())).toBe(decimalOf(text));
        const driver = driverOf(text);
        if (driver && decimalOf(driver.toString()) === decimalOf(text)) expect(exact.bytes).toEqual(driver.bytes);
      },
    ),
    { numRuns: 2000 },
  );
});

function driverOf(text: string): Decimal128 | undefined {
  try {
    return Decimal128.fromString(text);
  } catch {
    return undefined;
  }
}

it.each([
  [`${'0'.repeat(60)}1.5`, '1.5'],
  [`1${'0'.repeat(60)}`, `1.${'0'.repeat(33)}E+60`],
  [`1.${'0'.repeat(60)}`, `1.${'0'.repeat(33)}`],
  [`0.${'0'.repeat(60)}`, '0E-60'],
  [`0.${'0'.repeat(60)}15`, '1.5E-61'],
])('holds %s, of which all that does not fit is zeros', (text, shown) => {
  expect(exactDecimal(text)?.toString()).toBe(shown);
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

const inexact = [
  `65136${'0'.repeat(50)}9`,
  `00065136${'0'.repeat(71)}900`,
  `-${'0'.repeat(43)}31${'0'.repeat(33)}.002`,
];

it.each(['1E-6177', '1E6145', '9'.repeat(35), '', '.', 'x', '1e', '--1', ...inexact])('is nothing for %s', (text) => {
  expect(exactDecimal(text)).toBeUndefined();
});
