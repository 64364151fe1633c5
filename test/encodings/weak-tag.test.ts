import { Hash } from 'node:crypto';
import { afterEach, expect, it, vi } from 'vitest';
import { Work } from '../../src/budget/work.ts';
import { weakTag } from '../../src/encodings/weak-tag.ts';
import { Text } from '../../src/json/text.ts';

const work = new Work(Infinity);
const past = performance.now() - 1;
afterEach(() => {
  vi.restoreAllMocks();
});

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
  const update = vi.spyOn(Hash.prototype, 'update');
  const tag = await weakTag('text/html', content, work, until);
  expect(tag !== undefined).toBe(isTagged);
  const hashed = update.mock.calls.reduce((sum, [piece]) => sum + piece.length, 0);
  expect(hashed >= content.length).toBe(isTagged);
});

function add(whole: Text, piece: string): Text {
  return whole.add(piece);
}
