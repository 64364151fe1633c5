import { expect, it } from 'vitest';
import { Work } from '../../src/budget/work.ts';
import { weakTag } from '../../src/encodings/weak-tag.ts';
import { Text } from '../../src/json/text.ts';
import { processorMs } from '../processor-time.ts';

const work = new Work(Infinity);
const past = performance.now() - 1;
const text = (length: number) => new Text().add('x'.repeat(length));

it.each([
  ['a short text is tagged, however late it is', text(1000), past, true],
  ['a long one in time', text(10_000_000), Infinity, true],
  ['a long one too late is not', text(10_000_000), past, false],
  [
    'nor is one in many pieces',
    Array.from({ length: 2000 }, () => 'y'.repeat(100)).reduce(add, new Text()),
    past,
    false,
  ],
])('%s', async (_, content, until, isTagged) => {
  const began = processorMs();
  const tag = await weakTag('text/html', content, work, until);
  expect(tag !== undefined).toBe(isTagged);
  if (!isTagged) expect(processorMs() - began).toBeLessThan(20);
});

function add(whole: Text, piece: string): Text {
  return whole.add(piece);
}
