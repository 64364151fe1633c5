import { expect, it } from 'vitest';
import { readNumber } from '../../web/src/page/read-number.ts';

it.each([
  ['1.5', 1.5],
  ['-0.25', -0.25],
  ['1.05', 1.05],
  ['9007199254740991', 9007199254740991],
  ['9007199254740993', '9007199254740993'],
  ['0.1000000000000000055', '0.1000000000000000055'],
  ['1.0', '1.0'],
  ['1.', '1.'],
  ['-', '-'],
  ['', ''],
  [' ', ' '],
  ['Infinity', 'Infinity'],
  ['NaN', 'NaN'],
  ['many', 'many'],
])('"%s" is sent as %j, and a field shows each sign of it as it is typed', (text, sent) => {
  expect(readNumber(text)).toBe(sent);
  for (let length = 1; length <= text.length; length++) {
    const typed = text.slice(0, length);
    expect(String(readNumber(typed))).toBe(typed);
  }
});
