import { expect, it } from 'vitest';
import { Percentile } from '../../src/sources/percentile.ts';

it('is not known before a hundred durations are', () => {
  const percentile = new Percentile(0.92);
  for (let ms = 1; ms < 100; ms += 1) percentile.add(ms);
  expect(percentile.value).toBeUndefined();
  percentile.add(100);
  expect(percentile.value).toBe(93);
});

it('is that of the last thousand, worked out anew every hundred', () => {
  const percentile = new Percentile(0.5);
  for (let ms = 0; ms < 1000; ms += 1) percentile.add(ms);
  expect(percentile.value).toBe(500);
  for (let times = 0; times < 99; times += 1) percentile.add(5000);
  expect(percentile.value).toBe(500);
  percentile.add(5000);
  expect(percentile.value).toBe(600);
  for (let times = 0; times < 1000; times += 1) percentile.add(1);
  expect(percentile.value).toBe(1);
});
