import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Source } from '../../src/sources/open.ts';
import type { Value } from '../../src/store/payload.ts';
import { answer, ask, q, simulate } from './simulated.ts';

const reply = async (g: object, more: object = {}, asking = {}): Promise<unknown> =>
  ((await ask('kv', { queries: { ...more, g } }, asking)) as { results: { g: unknown } }).results.g;
const kv = (queries: object, modifiers = {}) => ({ pattern: 'kv', queries, ...modifiers });
const list = (queries: object[], modifiers = {}) => ({ pattern: 'ordered', queries, ...modifiers });
const first = (queries: object[], modifiers = {}) => ({ pattern: 'first-reply', queries, ...modifiers });
const ok = q({ value: 1 });
const bad = q({ fail: 'NOT_FOUND' });
const chosen = q({}, { when: false });

describe('the status of a group', () => {
  it('is ok if all are ok or skipped by choice, and if it is empty', async () => {
    for (const g of [list([]), list([ok]), list([ok, chosen]), list([chosen])])
      expect(await reply(g)).toMatchObject({ status: 'ok' });
  });

  it('is error if none is ok and one failed, with the first failure in the order asked', async () => {
    expect(await reply(list([q({ fail: 'NOT_FOUND', ms: 10 }), q({ fail: 'TIMEOUT' })]))).toMatchObject({
      status: 'error',
      error: { code: 'NOT_FOUND' },
    });
    expect(await reply(first([q({ fail: 'NOT_FOUND', ms: 10 }), q({ fail: 'TIMEOUT' })]))).toMatchObject({
      status: 'error',
      error: { code: 'NOT_FOUND' },
    });
    expect(await reply(kv({ a: chosen, b: bad }))).toMatchObject({ status: 'error', error: { code: 'NOT_FOUND' } });
  });

  it('is partial else, of a partial group too', async () => {
    expect(await reply(list([ok, bad]))).toMatchObject({ status: 'partial' });
    expect(await reply(list([list([ok, bad])]))).toMatchObject({ status: 'partial', replies: [{ status: 'partial' }] });
    expect(await reply(list([list([ok, bad]), bad]))).toMatchObject({ status: 'partial' });
  });

  it('a failed dependency is a failure', async () => {
    expect(await reply(list([ok, q({ value: { $result: '/x' } })]), { x: bad })).toMatchObject({ status: 'partial' });
    expect(await reply(list([q({ value: { $result: '/x' } })]), { x: bad })).toMatchObject({
      status: 'error',
      error: { code: 'DEPENDENCY_FAILED' },
    });
  });

  it('makes the answer incomplete, at any depth', async () => {
    const complete = async (g: object): Promise<unknown> =>
      ((await ask('kv', { queries: { g } })) as { complete: unknown }).complete;
    expect(await complete(list([kv({ a: ok, b: chosen })]))).toBe(true);
    expect(await complete(list([kv({ a: ok, b: bad })]))).toBe(false);
    expect(await complete(list([kv({ a: ok, b: q({ fail: 'TIMEOUT' }, { default: 1 }) })]))).toBe(false);
    expect(await complete(first([bad, q({ value: 1, ms: 5 })], { take: 1 }))).toBe(true);
  });
});

describe('required in a group', () => {
  it('fails the group with its failure and cancels the rest', async () => {
    const simulation = simulate();
    const g = kv({ a: ok, b: q({ fail: 'FORBIDDEN', ms: 5 }, { required: true }), c: q({ id: 'c', stall: true }) });
    expect(await reply(g, {}, { simulation })).toMatchObject({
      status: 'error',
      error: { code: 'FORBIDDEN' },
      replies: { a: { status: 'ok' }, c: { error: { code: 'CANCELLED' } } },
    });
    expect(simulation.aborted).toEqual(['c']);
  });

  it('fails the groups around it only where they are required too', async () => {
    const inner = (modifiers: object) => kv({ a: q({ fail: 'TIMEOUT' }, { required: true }) }, modifiers);
    expect(await reply(list([ok, inner({})]))).toMatchObject({ status: 'partial' });
    expect(await reply(list([ok, inner({ required: true })]))).toMatchObject({
      status: 'error',
      error: { code: 'TIMEOUT' },
    });
    expect(await ask('kv', { queries: { g: inner({ required: true }) } })).toMatchObject({
      failed: 'TIMEOUT',
      path: '/g',
    });
  });

  it('a failed group has no value: null among values, and what refers to it fails', async () => {
    const g = kv({ a: ok, b: q({ fail: 'TIMEOUT' }, { required: true }) });
    expect(
      await ask('kv', {
        shape: 'values',
        queries: { g, r: q({ value: { $result: '/g' } }, { default: 'stands in' }) },
      }),
    ).toEqual({ g: null, r: 'stands in' });
  });

  it('counts as satisfied when skipped by choice or defaulted', async () => {
    expect(
      await reply(
        kv({
          a: ok,
          b: q({}, { required: true, when: false }),
          c: q({ fail: 'TIMEOUT' }, { required: true, default: 1 }),
        }),
      ),
    ).toMatchObject({ status: 'ok' });
  });
});

describe('a nested take', () => {
  it("of 1 answers the winner's value and index, no replies", async () => {
    const answer = await reply(first([bad, q({ stall: true }), q({ value: { n: 1 }, ms: 5 })], { take: 1 }));
    expect(answer).toEqual({ status: 'ok', value: { n: 1 }, winner: 2 });
  });

  it("of 1 is the winner's value itself among values and for references", async () => {
    const queries = {
      g: first([q({ stall: true }), q({ value: { n: 7 } })], { take: 1 }),
      n: q({ value: { $result: '/g/n' } }),
    };
    expect(await ask('kv', { shape: 'values', queries })).toEqual({ g: { n: 7 }, n: 7 });
  });

  it('of 1 whose winner is a group answers its whole value', async () => {
    expect(await reply(first([q({ stall: true }), kv({ a: ok })], { take: 1 }))).toMatchObject({
      value: { a: 1 },
      winner: 1,
    });
  });

  it('whose winner has its default in force is defaulted, too, and tells why', async () => {
    const race = first([q({ fail: 'TIMEOUT' }, { default: 'd' })], { take: 1 });
    expect(await reply(race)).toMatchObject({
      status: 'ok',
      value: 'd',
      winner: 0,
      defaulted: true,
      error: { code: 'TIMEOUT' },
    });
    expect(await ask('kv', { queries: { g: race } })).toMatchObject({ complete: false });
  });

  it('of more lists what arrived until then, counts the rest, and is ok', async () => {
    const queries = [bad, q({ value: 1 }), q({ value: 2, ms: 10 }), q({ stall: true })];
    expect(await reply(first(queries, { take: 2 }))).toMatchObject({
      status: 'ok',
      cancelled: 1,
      replies: [{ index: 0, status: 'error' }, { index: 1 }, { index: 2 }],
    });
    expect(await ask('kv', { shape: 'values', queries: { g: first(queries, { take: 2 }) } })).toEqual({ g: [1, 2] });
  });

  it('out of reach is an error with the failure that decided it', async () => {
    expect(await reply(first([q({ fail: 'NOT_FOUND' }), q({ stall: true })], { take: 2 }))).toMatchObject({
      status: 'error',
      error: { code: 'NOT_FOUND' },
    });
    expect(await reply(first([chosen], { take: 1, default: 'd' }))).toMatchObject({
      status: 'ok',
      value: 'd',
      defaulted: true,
    });
  });

  it.each([[chosen], [chosen, chosen]])(
    'out of reach where all are skipped by choice is NOT_FOUND (%#)',
    async (...all) => {
      expect(await reply(first(all, { take: 1 }))).toMatchObject({
        status: 'error',
        error: { code: 'NOT_FOUND', message: 'too few queries were left to reach take' },
      });
    },
  );

  it('that has failed has no parts to refer to, those that are there neither', async () => {
    const queries = {
      g: first([q({ value: 1 }), q({ fail: 'INVALID', ms: 5 })], { take: 2 }),
      over: q({ value: { $result: '/g' } }, { default: 1 }),
      early: q({ value: { $result: '/g/0' } }),
      late: q({ value: { $result: '/g/0' } }, { when: { $result: '/over' } }),
    };
    const skipped = { status: 'skipped', error: { code: 'DEPENDENCY_FAILED', dependsOn: ['g'] } };
    expect(await ask('kv', { queries })).toMatchObject({ results: { early: skipped, late: skipped } });
  });

  it("out of reach for a partial group's failure tells of that failure", async () => {
    const mixed = {
      pattern: 'kv',
      queries: { a: q({ fail: 'NOT_FOUND' }, { default: 1 }), b: q({ fail: 'TIMEOUT' }) },
    };
    expect(await ask('first-reply', { take: 1, queries: [mixed] })).toMatchObject({ failed: 'TIMEOUT', path: '/0/b' });
  });

  it('hedges: starts take at once, one more every hedgeMs and at once on a failure', async () => {
    const simulation = simulate();
    const queries = [
      q({ id: 'a', stall: true }),
      q({ id: 'b', fail: 'UNAVAILABLE' }),
      q({ id: 'c', value: 3 }),
      q({ id: 'd' }),
    ];
    expect(await reply(first(queries, { take: 1, hedgeMs: 10 }), {}, { simulation })).toMatchObject({
      value: 3,
      winner: 2,
    });
    expect(simulation.started).toEqual(['a', 'b', 'c']);
  });

  it('a partial or a failed group is no success', async () => {
    expect(await reply(first([list([ok, bad]), q({ value: 'later', ms: 10 })], { take: 1 }))).toMatchObject({
      value: 'later',
      winner: 1,
    });
  });
});

describe('onError "fail"', () => {
  const fails = async (queries: object): Promise<boolean> =>
    'failed' in ((await ask('kv', { onError: 'fail', queries })) as object);

  it('fails at the first failure at any depth that nothing absorbs', async () => {
    expect(await fails({ g: list([ok, kv({ a: bad })]) })).toBe(true);
    expect(await fails({ g: list([ok], {}), h: q({ value: { $result: '/g/4' } }) })).toBe(true);
  });

  it('not at one beside a take that can still be reached, nor at a defaulted one', async () => {
    expect(await fails({ g: first([bad, q({ value: 1, ms: 5 })], { take: 1 }) })).toBe(false);
    expect(await fails({ g: first([bad, bad], { take: 1 }) })).toBe(true);
    expect(await fails({ g: list([bad], { default: 1 }) })).toBe(false);
    expect(await fails({ g: list([bad, ok], { default: 1 }) })).toBe(true);
  });
});

describe('timeoutMs of a group', () => {
  it('ends what still runs as TIMEOUT, and leaves what is there', async () => {
    const simulation = simulate();
    const g = kv({ a: ok, b: q({ id: 'b', stall: true }), c: q({ value: { $result: '/b' } }) }, { timeoutMs: 20 });
    expect(await reply(g, {}, { simulation })).toMatchObject({
      status: 'partial',
      replies: { a: { status: 'ok' }, b: { error: { code: 'TIMEOUT' } }, c: { status: 'skipped' } },
    });
    expect(simulation.aborted).toEqual(['b']);
  });

  const late = { status: 'error', error: { code: 'TIMEOUT', retryable: true, dependsOn: ['out'] } };
  const skipped = (...dependsOn: string[]) => ({ status: 'skipped', error: { code: 'DEPENDENCY_FAILED', dependsOn } });
  const out = { $result: '/out' };
  const both = (name: string) => q({ value: [{ $result: `/${name}` }, out] });
  const stands = (member: object) => ({
    out: q({ value: [1], ms: 200 }),
    failed: bad,
    g: kv({ stalled: q({ stall: true }), waits: q({ value: out }), member }, { timeoutMs: 10 }),
  });
  it.concurrent.each<[string, object, object]>([
    ['in its params', q({ value: out }), late],
    ['in more than one place', q({ value: [out, out, { $join: [{ $result: '/out' }] }] }), late],
    ['in when', q({}, { when: out }), late],
    ['in unless', q({}, { unless: out }), late],
    ['in select', q({}, { select: { a: out } }), late],
    ['as a list', q({}, { forEach: out }), late],
    ['in an item of a list', q({}, { forEach: [1, out] }), { status: 'partial', replies: [{ status: 'ok' }, late] }],
    ['a group, in when', kv({ a: ok }, { when: out }), late],
    ['further in', kv({ a: q({ value: out }) }), { ...late, replies: { a: late } }],
    ['further in, with less time', kv({ a: q({ value: out }) }, { timeoutMs: 5 }), { ...late, replies: { a: late } }],
    ['in a race', first([q({ value: out })], { take: 1 }), { ...late, replies: [late] }],
    ['with a default', q({ value: out }, { default: 1 }), { ...late, status: 'ok', value: 1, defaulted: true }],
    ['beside what has failed', both('failed'), skipped('failed')],
    ['beside what fails by that deadline, too', both('stalled'), skipped('stalled')],
    ['by another that waits for it', q({ value: { $result: '/waits' } }), skipped('waits')],
  ])('overtakes what waits for what has more time, which has not failed: %s', async (_what, member, expected) => {
    expect(await ask('kv', { queries: stands(member) })).toMatchObject({
      results: { out: { status: 'ok' }, g: { replies: { member: expected } } },
    });
  });

  it('fails a batch with onError "fail" by its own name then', async () => {
    const g = kv({ a: q({ value: out }) }, { timeoutMs: 10 });
    const failing = await ask('kv', { onError: 'fail', queries: { out: q({ ms: 40 }), g } });
    expect(failing).toMatchObject({ failed: 'TIMEOUT' });
  });

  it('never prolongs the batch', async () => {
    expect(
      await ask('kv', { timeoutMs: 20, queries: { g: kv({ a: q({ stall: true }) }, { timeoutMs: 5000 }) } }),
    ).toMatchObject({ results: { g: { status: 'error', error: { code: 'TIMEOUT' } } } });
  });
});

describe('the ms of a group', () => {
  afterEach(() => void vi.restoreAllMocks());

  it.each([
    ['a select', list([ok], { select: '/0' })],
    ['a select of the winner', first([ok], { take: 1, select: '' })],
    ['a winner that is a group', first([list([ok])], { take: 1 })],
  ])('has the time in which its value is made: %s', async (_what, g) => {
    let passed = 0;
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + passed);
    // A value that takes long to be looked into.
    const value: Value = {
      kind: 'value',
      json: '1',
      value: 1,
      *read() {
        yield;
        passed += 60_000;
        return 1;
      },
    };
    const call: Source['call'] = () => Promise.resolve(value);
    const simulation = simulate();
    const asking = { simulation: { ...simulation, source: { ...simulation.source, call } } };
    const { results } = JSON.parse(await answer('kv', { queries: { g } }, asking));
    expect(results.g).toMatchObject({ status: 'ok' });
    expect(results.g.ms).toBeGreaterThanOrEqual(60_000);
  });
});
