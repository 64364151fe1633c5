import { describe, expect, it } from 'vitest';
import { choice } from '../../src/store/choice.ts';

describe('choice', () => {
  const long = 'x'.repeat(399);
  const hundreds = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(98));
  it.each<[string, readonly unknown[], string]>([
    ['none', [], 'none'],
    ['all', ['a', 2], 'a, 2'],
    ['a long one', [long.slice(1)], long.slice(1)],
    ['the first of many', hundreds, `${hundreds.slice(0, 4).join(', ')} and 1 more`],
    ['those that are not too long', [long, 'b', long, 'c'], 'b, c and 2 more'],
    ['how many are too long', [long, long], '2 too long to be listed'],
  ])('tells %s', (_what, names, told) => {
    expect(choice(names)).toBe(`allowed here: ${told}`);
  });
});
