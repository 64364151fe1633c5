import { describe, expect, it } from 'vitest';
import { FirstReply } from '../../src/patterns/index.ts';
import { collect } from './collect.ts';

/** `count` open slots, and a way to fill them by their numbers. */
function open(count: number) {
  const replies = new FirstReply<number>();
  const slots = Array.from({ length: count }, () => replies.push());
  return { replies, arrive: (...numbers: number[]) => numbers.forEach((n) => slots[n]?.fill(n)) };
}

describe('FirstReply', () => {
  it('answers 100 pushes in order of arrival', async () => {
    const { replies, arrive } = open(100);
    const order = Array.from({ length: 100 }, (_, n) => (n * 37) % 100);
    const reading = collect(replies);
    arrive(...order);
    expect(await reading).toEqual(order);
  });

  it('takes more pushes after it was read to the end, and answers them in order of arrival', async () => {
    const { replies, arrive } = open(100);
    arrive(...Array.from({ length: 100 }, (_, n) => n));
    expect(await collect(replies)).toHaveLength(100);
    const [late, soon] = [replies.push(), replies.push()];
    const reading = collect(replies);
    soon.fill(101);
    late.fill(100);
    expect(await reading).toEqual([101, 100]);
  });

  it('takes more pushes while it is read', async () => {
    const replies = new FirstReply<number>();
    replies.push(async () => 3);
    const seen: number[] = [];
    for await (const n of replies) {
      seen.push(n);
      if (n > 0) replies.push(async () => n - 1);
    }
    expect(seen).toEqual([3, 2, 1, 0]);
  });

  it('at(0) is the first reply, again and again, and does not count as reading', async () => {
    const { replies, arrive } = open(3);
    const first = replies.at(0);
    arrive(2, 0, 1);
    expect([await first, await replies.at(0), await replies.at(1)]).toEqual([2, 2, 0]);
    expect(await collect(replies)).toEqual([2, 0, 1]);
  });

  it('at may be asked before anything is pushed', async () => {
    const replies = new FirstReply<string>();
    const second = replies.at(1);
    replies.push(async () => 'a');
    replies.push(async () => 'b');
    expect(await second).toBe('b');
  });

  it('at rejects with a RangeError for what is no place', async () => {
    await expect(new FirstReply().at(-1)).rejects.toThrow(RangeError);
    await expect(new FirstReply().at(0.5)).rejects.toThrow(RangeError);
  });

  it('next reads one reply and cancels nothing', async () => {
    const { replies, arrive } = open(3);
    const { signal } = replies;
    arrive(1);
    expect(await replies.next()).toEqual({ done: false, value: 1 });
    expect(signal.aborted).toBe(false);
    arrive(0, 2);
    expect(await collect(replies)).toEqual([0, 2]);
  });

  it('next called several times at once reads a different reply each', async () => {
    const { replies, arrive } = open(3);
    const readings = [replies.next(), replies.next(), replies.next(), replies.next()];
    arrive(2, 0, 1);
    expect((await Promise.all(readings)).map(({ value }) => value)).toEqual([2, 0, 1, undefined]);
  });

  it('next is done when every push was read, and goes on after another push', async () => {
    const replies = new FirstReply<number>();
    expect(await replies.next()).toEqual({ done: true, value: undefined });
    replies.push(async () => 1);
    expect(await replies.next()).toEqual({ done: false, value: 1 });
  });

  it('a second loop yields only what was not read', async () => {
    const { replies, arrive } = open(4);
    arrive(3, 2, 1, 0);
    const first: number[] = [];
    for await (const n of replies) {
      first.push(n);
      if (first.length === 2) break;
    }
    expect([first, await collect(replies), await collect(replies)]).toEqual([[3, 2], [1, 0], []]);
  });

  it('a loop throws a failure when it arrives, and the next loop goes on after it', async () => {
    const replies = new FirstReply<string>();
    const [a, b, c] = [replies.push(), replies.push(), replies.push()];
    b.fail(new Error('b broke'));
    c.fill('c');
    await expect(collect(replies)).rejects.toThrow('b broke');
    a.fill('a');
    expect(await collect(replies)).toEqual(['c', 'a']);
  });

  it('length counts what was pushed, arrived what has settled', () => {
    const { replies, arrive } = open(3);
    arrive(1);
    expect([replies.length, replies.arrived]).toEqual([3, 1]);
  });

  it('push returns a handle that can be awaited, whatever arrives before it', async () => {
    const { replies, arrive } = open(1);
    const handle = replies.push(async (a: number, b: number) => a + b, 1, 2);
    expect([handle.index, await handle]).toEqual([1, 3]);
    arrive(0);
    expect(await replies.at(1)).toBe(0);
  });

  it('cancel rejects a place that can no longer arrive', async () => {
    const replies = new FirstReply();
    const waiting = replies.at(0);
    replies.cancel(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(replies.at(7)).rejects.toThrow('enough');
  });

  it('what ends after cancel does not arrive a second time', () => {
    const { replies, arrive } = open(2);
    replies.cancel();
    arrive(0, 1);
    expect(replies.arrived).toBe(2);
  });

  it('an outer abort rejects a place asked for before anything is pushed', async () => {
    const outer = new AbortController();
    const waiting = new FirstReply({ signal: outer.signal }).at(0);
    outer.abort(new Error('outer'));
    await expect(waiting).rejects.toThrow('outer');
  });
});
