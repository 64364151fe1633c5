import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CodapProcess } from '../codap-process.ts';
import { find, keyed, kv, NDJSON, TIMEOUT_MS, times, type Shape } from './making.ts';
import { TOLD_MS } from './told.ts';
import { beside, p99, type Others } from './others.ts';
import { shapes } from './shapes.ts';
import { tryOut, type Outcome, type Tried } from './tried.ts';

/**
 * Where the machine is shared with other work, as it is in CI, the times below catch what is out of
 * proportion.
 */
const SLACK = process.env['CI'] ? 4 : 1;

/**
 * What one request may cost: its answer so long after its deadline, others' answers so late, so much more
 * memory.
 */
const LATE_MS = 50 * SLACK;
const OTHERS_MS = 250 * SLACK;
const MEMORY = 256 * 2 ** 20;

/** Ten at once: how late others' answers may be, in milliseconds. */
const AT_ONCE = 10;
const BESIDE_TEN_MS = OTHERS_MS;

/** What the service may compute in one turn of its event loop, in milliseconds. */
const HELD_MS = 100 * SLACK;

let tried: Tried;
let heldMs = 0;
let lastTried: CodapProcess | undefined;
beforeAll(async () => {
  tried = await tryOut((said) => {
    if ('heldMs' in said) heldMs = Math.max(heldMs, said.heldMs);
  });
});
afterAll(() => tried[Symbol.asyncDispose]());

/** What some requests cost at once. */
interface Cost {
  readonly outcomes: readonly Outcome[];
  readonly others: Others;
  /** The longest that `/health/live` took meanwhile, in milliseconds. */
  readonly healthMs: number;
  /** The longest that the service's event loop was held, in milliseconds. */
  readonly heldMs: number;
  /** Bytes of memory beyond what was in use before. */
  readonly memory: number;
}

/** Resolves once the service has said how it was held until now. */
const told = (): Promise<void> => pause(TOLD_MS + 20);

async function costOf(asked: readonly Shape[], patient: boolean): Promise<Cost> {
  const codap = await tried.running();
  await tried.health();
  const before = await codap.rss();
  let most = before;
  // How it was held before has been told, but for how its start held it.
  if (codap !== lastTried) await told();
  lastTried = codap;
  heldMs = 0;
  let healthMs = 0;
  let outcomes: Outcome[] = [];
  const over = new AbortController();
  const watch = async (): Promise<void> => {
    while (!over.signal.aborted) {
      healthMs = Math.max(healthMs, await tried.health());
      most = Math.max(most, await codap.rss());
      await pause(10);
    }
  };
  const watched = watch();
  const others = await beside(tried, async () => {
    outcomes = await Promise.all(asked.map((shape) => tried.ask(shape, patient)));
  });
  over.abort();
  await watched;
  await told();
  return { outcomes, others, healthMs, heldMs, memory: most - before };
}

function tell(name: string, { outcomes, others, healthMs, heldMs, memory }: Cost): void {
  if (!process.env['COST']) return;
  const [{ status, ms, answer }] = outcomes as [Outcome];
  const told = {
    status,
    ms,
    healthMs,
    heldMs,
    p99: p99(others.times),
    of: others.times.length,
    refused: others.refused,
  };
  const whole = JSON.stringify(told, (_key, value: unknown) => (typeof value === 'number' ? Math.round(value) : value));
  console.log(name, whole, `${Math.round(memory / 2 ** 20)} MiB`, answer.slice(0, 160));
}

test.each(shapes)('$name', async (shape) => {
  const cost = await costOf([shape], true);
  tell(shape.name, cost);
  const [{ status, answer, ms }] = cost.outcomes as [Outcome];
  expect.soft(status, answer).not.toBe(500);
  expect.soft(ms).toBeLessThan(TIMEOUT_MS + LATE_MS);
  expect.soft(cost.heldMs).toBeLessThan(HELD_MS);
  expect.soft(cost.healthMs).toBeLessThan(OTHERS_MS);
  expect.soft(p99(cost.others.times)).toBeLessThan(OTHERS_MS);
  expect.soft(cost.others.refused).toBeLessThanOrEqual(10 * (SLACK - 1));
  expect.soft(cost.others.wrong).toEqual([]);
  expect.soft(cost.memory).toBeLessThan(MEMORY);
});

describe('others beside ten shapes at once', () => {
  // Every so many-th, so that the ten are not of one kind.
  const apart = Math.ceil(shapes.length / AT_ONCE);
  const groups = times(apart, (first) => shapes.filter((_, at) => at % apart === first));

  test.each(groups.map((group, at) => [at, group] as const))('%i', { timeout: 60_000 }, async (at, group) => {
    const cost = await costOf(group, false);
    tell(`ten at once: ${at}`, cost);
    expect.soft(p99(cost.others.times)).toBeLessThan(BESIDE_TEN_MS);
    expect.soft(cost.others.wrong).toEqual([]);
    for (const [index, { status, answer }] of cost.outcomes.entries())
      expect.soft(status, `${group[index]?.name}: ${answer}`).not.toBe(500);
  });
});

test('what a store goes on with after its callers have left costs others no answer', async () => {
  const slow = find({ collection: 'slow' }, { stream: true, timeoutMs: 20 });
  const many = kv(
    'slow',
    keyed(60, () => slow),
    {},
    NDJSON,
  );
  const one = kv('one', { q: { source: 'shop', op: 'findOne', params: { collection: 'rows', filter: { _id: 7 } } } });
  const left = Promise.all(times(5, () => tried.ask(many)));
  const answers: Outcome[] = [];
  for (let round = 0; round < 40; round += 1) {
    answers.push(await tried.ask(one));
    await pause(25);
  }
  for (const { answer } of await left) expect(answer).toContain('"status":"error"');
  for (const { answer, ms } of answers) {
    expect(answer).toContain('"status":"ok"');
    expect(ms).toBeLessThan(TIMEOUT_MS);
  }
});
