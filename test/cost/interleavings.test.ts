import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EACH, type Common } from '../patterns/each-pattern.ts';

/**
 * Some tasks are pushed at the start, some while others are read; some fail; some batches are cancelled at
 * some moment.
 */
const plan = fc.record({
  pushes: fc.array(fc.record({ late: fc.boolean(), fails: fc.boolean() }), { minLength: 1, maxLength: 5 }),
  concurrency: fc.constantFrom(Infinity, 1, 2),
  cancels: fc.boolean(),
});

type Plan = typeof plan extends fc.Arbitrary<infer P> ? P : never;

/**
 * What one result turned out to be: the number of its task, which it fails with as well, or the reason of the
 * cancel.
 */
type Told = number | 'cancelled';

interface Story {
  /** What each handle told, in push order. */
  handles: Told[];
  /** The numbers of the tasks, in the order in which they ended. */
  ended: number[];
  /** What a loop told that began with the first push, and what another told after everything had settled. */
  during: Told[];
  after: Told[];
  /** How many tasks ran at once at most. */
  most: number;
}

async function play(make: (typeof EACH)[number][1], scheduler: fc.Scheduler, plan: Plan): Promise<Story> {
  const common = make({ concurrency: plan.concurrency });
  const ended: number[] = [];
  const handles: Promise<Told>[] = [];
  let running = 0;
  let most = 0;
  const moment = () => scheduler.schedule(Promise.resolve());
  const push = (fails: boolean) => {
    const number = handles.length;
    const handle = common.push(async () => {
      most = Math.max(most, ++running);
      await moment();
      running--;
      ended.push(number);
      if (fails) throw number;
      return number;
    });
    handles.push(tell(handle));
  };

  for (const { late, fails } of plan.pushes) if (!late) push(fails);
  const during = read(common);
  const later = plan.pushes.filter(({ late }) => late).map(async ({ fails }) => moment().then(() => push(fails)));
  if (plan.cancels) void moment().then(() => common.pattern.cancel('cancelled'));
  await scheduler.waitFor(Promise.all(later));
  await scheduler.waitFor(Promise.all([during, ...handles]));
  return { handles: await Promise.all(handles), ended, during: await during, after: await read(common), most };
}

function tell(result: PromiseLike<Told>): Promise<Told> {
  return Promise.resolve(result).catch((reason: Told) => reason);
}

/** One loop to its end, going on after each failure. */
async function read({ loop }: Common): Promise<Told[]> {
  const all: Told[] = [];
  const iterator = loop()[Symbol.asyncIterator]();
  for (;;) {
    try {
      const { done, value } = await iterator.next();
      if (done) return all;
      all.push(typeof value === 'number' ? value : value[1]);
    } catch (reason) {
      all.push(reason as Told);
    }
  }
}

describe.each(EACH)('%s', (name, make) => {
  it(
    'settles each push exactly once and keeps its order in 10,000 random interleavings',
    { timeout: 60_000 },
    async () => {
      const property = fc.asyncProperty(fc.scheduler(), plan, async (scheduler, plan) => {
        const { handles, ended, during, after, most } = await play(make, scheduler, plan);
        const own = handles.filter((told) => told !== 'cancelled');
        const arrived = [...ended.filter((n) => own.includes(n)), ...handles.filter((told) => told === 'cancelled')];

        expect(handles).toEqual(handles.map((told, n) => (told === 'cancelled' ? told : n)));
        if (!plan.cancels) expect(own).toHaveLength(plan.pushes.length);
        expect(most).toBeLessThanOrEqual(plan.concurrency);
        const order = name === 'Ordered' ? handles : arrived;
        expect(name === 'FirstReply' ? [...during, ...after] : after).toEqual(order);
        expect(during).toEqual(order.slice(0, during.length));
      });
      await fc.assert(property, { numRuns: 10_000 });
    },
  );
});
