import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Ordered } from '../../src/patterns/index.ts';
import { collect } from './collect.ts';

function filled<T>(...values: T[]): Ordered<T> {
  const ordered = new Ordered<T>();
  for (const value of values) ordered.push(async () => value);
  return ordered;
}

describe('Ordered', () => {
  it('pushed 4, 3, 2, 1, 0 with delays, is iterated three times in push order', async () => {
    const ordered = new Ordered<number>();
    for (const n of [4, 3, 2, 1, 0]) ordered.push(delay<number>, n, n);
    for (let round = 0; round < 3; round++) expect(await collect(ordered)).toEqual([4, 3, 2, 1, 0]);
  });

  it('push returns a handle that can be awaited and knows its index', async () => {
    const ordered = filled('a');
    const handle = ordered.push(async (text: string, times: number) => text.repeat(times), 'b', 3);
    expect([handle.index, await handle]).toEqual([1, 'bbb']);
  });

  it('push without a task opens a slot, filled by hand', async () => {
    const ordered = new Ordered<string>();
    const slot = ordered.push();
    ordered.push(async () => 'second');
    const reading = collect(ordered);
    slot.fill('first');
    expect(await reading).toEqual(['first', 'second']);
  });

  it('length counts what was pushed, settled or not', () => {
    const ordered = filled(1, 2);
    ordered.push();
    expect(ordered.length).toBe(3);
  });

  it('at waits for one index alone, from the end if negative', async () => {
    const ordered = new Ordered<string>();
    ordered.push();
    ordered.push(async () => 'second');
    expect([await ordered.at(1), await ordered.at(-1)]).toEqual(['second', 'second']);
  });

  it('at rejects with a RangeError where nothing was pushed', async () => {
    await expect(filled(1).at(1)).rejects.toThrow(new RangeError('nothing was pushed at the index 1'));
    for (const index of [-2, 0.7, NaN, Infinity]) await expect(filled(1).at(index)).rejects.toThrow(RangeError);
  });

  it('slice waits for its part alone, with the bounds of an array', async () => {
    const ordered = filled(0, 1, 2, 3);
    ordered.push();
    expect([await ordered.slice(1, 3), await ordered.slice(-3, -1), await ordered.slice(7)]).toEqual([
      [1, 2],
      [2, 3],
      [],
    ]);
    expect(await filled(0, 1, 2).slice()).toEqual([0, 1, 2]);
  });

  it('two loops at once each see everything', async () => {
    const ordered = new Ordered<number>();
    const slots = [ordered.push(), ordered.push()];
    const readings = [collect(ordered), collect(ordered)];
    for (const slot of slots) slot.fill(slot.index);
    expect(await Promise.all(readings)).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  it('a loop also yields what is pushed while it runs', async () => {
    const ordered = filled(3);
    for await (const n of ordered) if (n > 0) ordered.push(async () => n - 1);
    expect(await ordered.slice()).toEqual([3, 2, 1, 0]);
  });

  it('an iterator that was done goes on with what is pushed later', async () => {
    const ordered = new Ordered<number>();
    const reading = ordered[Symbol.asyncIterator]();
    const read = [await reading.next()];
    for (const n of [1, 2, 3]) ordered.push(async () => n);
    for (let count = 0; count < 4; count += 1) read.push(await reading.next());
    expect(read.map(({ done, value }) => (done ? 'done' : value))).toEqual(['done', 1, 2, 3, 'done']);
  });

  it('an iterator that is read ahead of what is pushed loses nothing', async () => {
    const ordered = filled(1);
    const reading = ordered[Symbol.asyncIterator]();
    const ahead = await Promise.all([reading.next(), reading.next()]);
    ordered.push(async () => 2);
    expect([...ahead, await reading.next()].map(({ done, value }) => (done ? 'done' : value))).toEqual([1, 'done', 2]);
  });
});
