import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Gate } from '../../src/batch/run/gate.ts';

const alive = new AbortController().signal;

/** A guest whose turn comes when the test says so. */
function guest(gate: Gate, signal = alive) {
  const turn = Promise.withResolvers<boolean>();
  const seen: { leave: (() => void) | undefined } = { leave: undefined };
  const inside = gate.enter(turn.promise, signal).then((leave) => (seen.leave = leave));
  return { demand: turn.resolve, inside, seen };
}

/** Until nothing moves by itself any more. */
const settled = () => new Promise(setImmediate);

describe('the places for open bodies', () => {
  it('let every member of an answer in order through, in whichever order they come, and never more than there are', async () => {
    const arrivals = fc
      .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 12 }))
      .chain(([places, count]) =>
        fc.tuple(
          fc.constant(places),
          fc.shuffledSubarray(
            Array.from({ length: count }, (_, at) => at),
            { minLength: count },
          ),
          fc.nat({ max: count }),
        ),
      );
    await fc.assert(
      fc.asyncProperty(arrivals, async ([places, order, early]) => {
        const gate = new Gate(places);
        const guests = new Map<number, ReturnType<typeof guest>>();
        const open = () => [...guests.values()].filter(({ seen }) => seen.leave).length;
        for (const at of order.slice(0, early)) guests.set(at, guest(gate));
        await settled();
        expect(open()).toBeLessThanOrEqual(places);
        for (const at of order.slice(early)) guests.set(at, guest(gate));
        for (let at = 0; at < order.length; at += 1) {
          const next = guests.get(at)!;
          next.demand(false);
          const leave = await next.inside;
          await settled();
          expect(open()).toBeLessThanOrEqual(places);
          guests.delete(at);
          leave?.();
          leave?.();
        }
      }),
      { numRuns: 100 },
    );
  });

  it('leave one to whoever the answer comes to', async () => {
    const gate = new Gate(3);
    const ahead = [guest(gate), guest(gate), guest(gate)];
    await settled();
    expect(ahead.map(({ seen }) => seen.leave !== undefined)).toEqual([true, true, false]);
    ahead[2]!.demand(false);
    await ahead[2]!.inside;
    // The first one's turn frees a place for another that reads ahead, once the place itself is free.
    const late = guest(gate);
    ahead[0]!.demand(false);
    await settled();
    expect(late.seen.leave).toBeUndefined();
    ahead[2]!.seen.leave!();
    await late.inside;
  });

  it('have no more than some in whom the answer has not come to, if told', async () => {
    const gate = new Gate(4, 1);
    const guests = [guest(gate), guest(gate), guest(gate), guest(gate)];
    const inside = () => guests.map(({ seen }) => seen.leave !== undefined);
    await settled();
    expect(inside()).toEqual([true, false, false, false]);
    guests[3]!.demand(false);
    await settled();
    expect(inside()).toEqual([true, false, false, true]);
    guests[0]!.demand(false);
    await settled();
    expect(inside()).toEqual([true, true, false, true]);
  });

  it('keep nobody out who is told only together with others', async () => {
    const gate = new Gate(1);
    const together = [guest(gate), guest(gate), guest(gate)];
    for (const one of together) one.demand(true);
    await Promise.all(together.map(({ inside }) => inside));
  });

  it('are not waited for any longer once nobody needs them', async () => {
    const gate = new Gate(1);
    const first = guest(gate);
    first.demand(false);
    const leave = await first.inside;
    const leaving = new AbortController();
    const second = guest(gate, leaving.signal);
    await settled();
    leaving.abort(new Error('left'));
    await expect(second.inside).rejects.toThrow('left');
    const third = guest(gate);
    third.demand(false);
    leave();
    await third.inside;
    await expect(guest(gate, leaving.signal).inside).rejects.toThrow('left');
  });
});
