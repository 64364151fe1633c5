import fc from 'fast-check';
import { expect, it } from 'vitest';
import { notNeeded } from '../../src/errors.ts';
import { FairLine } from '../../src/sources/fair-line.ts';

const FULL = 6;
const NAMES = ['a', 'b', 'c', undefined] as const;

/** One who waits, in the order of coming. */
interface Waiting {
  readonly name: string | undefined;
  readonly at: number;
  readonly leave: AbortController;
}

/** What a line is to do, told simply: a list, of which the next is looked for each time. */
class Model {
  readonly waiting: Waiting[] = [];
  #turns: (string | undefined)[] = [];

  of(name: string | undefined): Waiting[] {
    return this.waiting.filter((one) => one.name === name);
  }

  add(one: Waiting): void {
    if (this.of(one.name).length === 0) this.#turns.push(one.name);
    this.waiting.push(one);
  }

  next(): Waiting | undefined {
    const name = this.#turns[0];
    const first = this.of(name)[0];
    if (!first) return undefined;
    this.remove(first);
    if (this.of(name).length > 0) this.#turns = [...this.#turns.filter((other) => other !== name), name];
    return first;
  }

  remove(one: Waiting): void {
    this.waiting.splice(this.waiting.indexOf(one), 1);
    if (this.of(one.name).length === 0) this.#turns = this.#turns.filter((name) => name !== one.name);
  }
}

it('does as it says, whoever comes, leaves and is let in', async () => {
  const step = fc.record({
    what: fc.constantFrom('come', 'come', 'come', 'let in', 'leave'),
    who: fc.constantFrom(...NAMES),
    at: fc.nat(20),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const line = new FairLine();
      const model = new Model();
      const told: string[] = [];
      const expected: string[] = [];
      for (const [at, { what, who, at: which }] of steps.entries()) {
        if (what === 'let in') {
          const next = model.next();
          expect(line.letIn()).toBe(next !== undefined);
          if (next) expected.push(`${next.at} in`);
        } else if (what === 'leave') {
          const one = model.waiting[which % Math.max(1, model.waiting.length)];
          if (!one) continue;
          model.remove(one);
          one.leave.abort(notNeeded());
          expected.push(`${one.at} out`);
        } else {
          const sizes = NAMES.map((name) => model.of(name).length);
          const most = model.of(NAMES[sizes.indexOf(Math.max(...sizes))]);
          const isFull = line.length >= FULL;
          const made = isFull && line.makeRoom(who, () => new Error('away'));
          // Of several who have most waiting, it may be anyone's.
          if (isFull) expect(made).toBe(most.length - 1 > model.of(who).length);
          if (made) {
            await new Promise(setImmediate);
            const gone = model.waiting.find((one) => told.at(-1) === `${one.at} out`)!;
            expect(gone).toBe(model.of(gone.name).at(-1));
            expect(model.of(gone.name)).toHaveLength(most.length);
            model.remove(gone);
            expected.push(`${gone.at} out`);
          }
          if (isFull && !made) continue;
          const one = { name: who, at, leave: new AbortController() };
          model.add(one);
          line.wait(one.leave.signal, who).then(
            () => told.push(`${at} in`),
            () => told.push(`${at} out`),
          );
        }
        await new Promise(setImmediate);
        expect(told).toEqual(expected);
        expect(line.length).toBe(model.waiting.length);
      }
    }),
    { numRuns: 60 },
  );
});

it('takes nobody in who has left already', async () => {
  const line = new FairLine();
  await expect(line.wait(AbortSignal.abort(notNeeded()), 'a')).rejects.toMatchObject({ code: 'CANCELLED' });
  expect([line.length, line.letIn()]).toEqual([0, false]);
});
