import { expect, it } from 'vitest';
import { Joining } from '../../src/budget/joining.ts';
import { atOnce } from '../../src/budget/work.ts';

const joining = (pieces: readonly (string | Buffer)[]) => {
  const all = new Joining();
  for (const piece of pieces) all.add(piece);
  return all.whole();
};

it.each([
  ['nothing', []],
  ['one piece', ['abc']],
  ['several, some of them empty', ['', 'ab', '', 'c']],
  ['a piece that is copied in parts', ['x', 'y'.repeat(2_500_000), 'z']],
])('one buffer of many is what they hold, in their order: %s', (_name, texts) => {
  expect(atOnce(joining(texts.map((text) => Buffer.from(text)))).toString()).toBe(texts.join(''));
  expect(atOnce(joining(texts)).toString()).toBe(texts.join(''));
  const mixed = texts.map((text, at) => (at % 2 === 0 ? text : Buffer.from(text)));
  expect(atOnce(joining(mixed)).toString()).toBe(texts.join(''));
});

it('leaves others their turns', () => {
  const steps = joining(Array.from({ length: 400 }, () => Buffer.alloc(1_048_576)));
  let turns = 0;
  while (!steps.next().done) turns += 1;
  expect(turns).toBeGreaterThan(0);
});
