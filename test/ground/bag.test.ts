import { expect, test } from 'vitest';
import { Bag } from '../../src/ground/bag.ts';
import { processorMs } from '../processor-time.ts';

test('holds what was put in until it is taken out, as often as it was put in', () => {
  const bag = new Bag<object>();
  const [a, b] = [{}, {}];
  const takeA = bag.add(a);
  const takeB = bag.add(b);
  expect(new Set(bag)).toEqual(new Set([a, b]));
  takeA();
  expect([...bag]).toEqual([b]);
  const takeAgain = bag.add(a);
  // Taken out once, its place is that of another.
  takeA();
  expect([...bag]).toHaveLength(2);
  takeAgain();
  takeB();
  takeB();
  expect([...bag]).toEqual([]);
});

test('uses its places again', () => {
  const bag = new Bag<object>();
  for (let round = 0; round < 100_000; round += 1) bag.add({})();
  bag.add({});
  expect([...bag]).toHaveLength(1);
  const began = processorMs();
  for (let time = 0; time < 1000; time += 1) for (const _one of bag);
  // Each time over every place that was ever taken, it would be as many seconds.
  expect(processorMs() - began).toBeLessThan(100);
});
