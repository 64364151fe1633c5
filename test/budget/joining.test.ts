import { expect, it } from 'vitest';
import { joining } from '../../src/budget/joining.ts';
import { atOnce } from '../../src/budget/work.ts';

it.each([
  ['nothing', []],
  ['one piece', ['abc']],
  ['several, some of them empty', ['', 'ab', '', 'c']],
  ['a piece that is copied in parts', ['x', 'y'.repeat(2_500_000), 'z']],
])('one buffer of many is what they hold, in their order: %s', (_name, texts) => {
  expect(atOnce(joining(texts.map((text) => Buffer.from(text)))).toString()).toBe(texts.join(''));
});

it('leaves others their turns', () => {
  const steps = joining(Array.from({ length: 400 }, () => Buffer.alloc(1_048_576)));
  let turns = 0;
  while (!steps.next().done) turns += 1;
  expect(turns).toBeGreaterThan(0);
});
