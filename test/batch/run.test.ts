import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { isLoopHeld } from '../../src/budget/turns.ts';
import { CodapError, notNeeded } from '../../src/errors.ts';
import { TypedValue } from '../../src/store/typed-value.ts';
import type { Source } from '../../src/sources/open.ts';
import { ask, q, simulate, start } from './simulated.ts';

const ok = (value: unknown) => ({ status: 'ok', value });

describe('the three patterns', () => {
  it('kv answers an object, by key', async () => {
    expect(await ask('kv', { queries: { b: q({ value: 1, ms: 5 }), a: q({ value: 2 }) } })).toEqual({
      complete: true,
      results: { b: ok(1), a: ok(2) },
    });
  });

  it('ordered answers a list in the order asked', async () => {
    expect(await ask('ordered', { queries: [q({ value: 1, ms: 10 }), q({ value: 2 }, { as: 'two' })] })).toEqual({
      complete: true,
      results: [
        { index: 0, ...ok(1) },
        { index: 1, as: 'two', ...ok(2) },
      ],
    });
  });

  it('first-reply answers a list in order of arrival', async () => {
    expect(await ask('first-reply', { queries: [q({ value: 1, ms: 20 }), q({ value: 2 })] })).toEqual({
      complete: true,
      results: [
        { index: 1, ...ok(2) },
        { index: 0, ...ok(1) },
      ],
    });
  });

  it('keys such as __proto__ and constructor are keys like any other', async () => {
    const queries = JSON.parse(
      '{"__proto__":{"source":"sim","op":"get","params":{"value":1}},"constructor":{"source":"sim","op":"get"}}',
    ) as object;
    const answer = (await ask('kv', { queries, shape: 'values' })) as object;
    expect(Object.entries(answer)).toEqual([
      ['__proto__', 1],
      ['constructor', null],
    ]);
  });

  it('an empty batch is complete', async () => {
    expect(await ask('kv', { queries: {} })).toEqual({ complete: true, results: {} });
    expect(await ask('ordered', { queries: [] })).toEqual({ complete: true, results: [] });
  });
});

describe('outcomes', () => {
  it('a failed query is data: the others answer, the batch is not complete', async () => {
    expect(await ask('kv', { queries: { a: q({ fail: 'UNAVAILABLE' }), b: q({ value: 1 }) } })).toEqual({
      complete: false,
      results: {
        a: { status: 'error', error: { code: 'UNAVAILABLE', message: 'told to fail', source: 'sim', retryable: true } },
        b: ok(1),
      },
    });
  });

  it('default stands in for a failure, which is shown beside it', async () => {
    expect(await ask('kv', { queries: { a: q({ fail: 'NOT_FOUND' }, { default: { n: 0 } }) } })).toMatchObject({
      complete: false,
      results: { a: { status: 'ok', value: { n: 0 }, defaulted: true, error: { code: 'NOT_FOUND' } } },
    });
  });

  it('accept "found" makes null NOT_FOUND', async () => {
    expect(await ask('kv', { queries: { a: q({}, { accept: 'found' }), b: q({}, { accept: 'any' }) } })).toMatchObject({
      results: { a: { status: 'error', error: { code: 'NOT_FOUND' } }, b: ok(null) },
    });
  });

  it('shape "values" leaves the values, null where there is none', async () => {
    expect(
      await ask('ordered', {
        shape: 'values',
        queries: [q({ value: 1 }), q({ fail: 'INTERNAL' }), q({ fail: 'TIMEOUT' }, { default: 3 })],
      }),
    ).toEqual([1, null, 3]);
  });

  it('a required query at the top fails the batch and cancels the rest', async () => {
    const simulation = simulate();
    const answer = await ask(
      'kv',
      { queries: { a: q({ id: 'a', stall: true }), b: q({ fail: 'NOT_FOUND' }, { required: true }) } },
      { simulation },
    );
    expect(answer).toEqual({ failed: 'NOT_FOUND', path: '/b', failures: 1 });
    expect(simulation.aborted).toEqual(['a']);
  });

  it('onError "fail" fails the batch at the first failure, but not at a defaulted one', async () => {
    const queries = {
      a: q({ fail: 'INVALID' }, { default: 1 }),
      b: q({ ms: 5, fail: 'BAD_RESPONSE' }),
      c: q({ stall: true }),
    };
    expect(await ask('kv', { onError: 'fail', queries })).toMatchObject({ failed: 'BAD_RESPONSE', path: '/b' });
  });

  it('a query past its own time-out is TIMEOUT, and its call is aborted', async () => {
    const simulation = simulate();
    expect(
      await ask(
        'kv',
        { queries: { a: q({ id: 'a', stall: true }, { timeoutMs: 10 }), b: q({ value: 1 }) } },
        { simulation },
      ),
    ).toMatchObject({
      results: { a: { status: 'error', error: { code: 'TIMEOUT', source: 'sim' } }, b: ok(1) },
    });
    expect(simulation.aborted).toEqual(['a']);
  });

  it('at the deadline every reply is there', async () => {
    expect(await ask('first-reply', { timeoutMs: 20, queries: [q({ stall: true }), q({ value: 1 })] })).toMatchObject({
      results: [
        { index: 1, status: 'ok' },
        { index: 0, status: 'error', error: { code: 'TIMEOUT' } },
      ],
    });
  });

  it('work that would begin after the deadline is not begun, also where no timer could tell', async () => {
    const simulation = simulate();
    const call: Source['call'] = () => {
      const until = performance.now() + 40;
      while (performance.now() < until);
      return Promise.resolve(new TypedValue({ x: 1 }));
    };
    const queries = { a: q({}, { select: '/x' }) };
    expect(
      await ask(
        'kv',
        { queries },
        { simulation: { ...simulation, source: { ...simulation.source, call } }, timeoutMs: 20 },
      ),
    ).toMatchObject({ results: { a: { status: 'error', error: { code: 'TIMEOUT' } } } });
  });

  it.each([
    ['is reshaped where it came just after', 5, { complete: true }],
    ['is not reshaped later', 10, { results: { a: { error: { code: 'TIMEOUT' } } } }],
  ])('what no timer could tell to be late %s', async (_what, lateMs, answer) => {
    const began = performance.now();
    const clock = vi.spyOn(performance, 'now').mockReturnValue(began);
    const simulation = simulate();
    const call: Source['call'] = () => {
      clock.mockReturnValue(began + 10_000 + lateMs);
      return Promise.resolve(new TypedValue({ x: 1 }));
    };
    const own = { simulation: { ...simulation, source: { ...simulation.source, call } }, timeoutMs: 10_000 };
    try {
      expect(await ask('kv', { queries: { a: q({}, { select: '/x' }) } }, own)).toMatchObject(answer);
    } finally {
      clock.mockRestore();
    }
  });

  it(
    'much that is to be computed neither keeps others from their turn nor the batch beyond its deadline',
    { timeout: 30_000 },
    async () => {
      const list = q(
        { value: Array.from({ length: 50_000 }, (_, index) => ({ id: `item ${index}` })) },
        { hidden: true },
      );
      const when = { equals: [{ $result: '/list' }, { $result: '/list/*' }] };
      const batch = (count: number) => ({
        queries: { list, ...Object.fromEntries(Array.from({ length: count }, (_, index) => [index, q({}, { when })])) },
      });
      const timed = async (count: number, timeoutMs: number): Promise<number> => {
        const began = performance.now();
        await ask('kv', batch(count), { timeoutMs });
        return performance.now() - began;
      };
      await timed(10, 60_000);
      const ten = await timed(10, 60_000);
      let turns = 0;
      const counting = setInterval(() => (turns += 1), 1);
      const took = await timed(480, 2 * ten);
      clearInterval(counting);
      expect(took).toBeLessThan(12 * ten);
      expect(turns).toBeGreaterThan(2);
    },
  );

  it('when the client leaves, what runs is aborted', async () => {
    const simulation = simulate();
    const client = new AbortController();
    const { root } = start(
      'kv',
      { queries: { a: q({ id: 'a', stall: true }) } },
      { simulation, signal: client.signal },
    );
    await vi.waitFor(() => expect(simulation.started).toEqual(['a']));
    client.abort();
    expect((await root.reply).list?.members[0]?.reply.error?.code).toBe('CANCELLED');
    expect(simulation.aborted).toEqual(['a']);
  });

  it('an answer beyond answerBytes is TOO_LARGE for what does not fit', async () => {
    const queries = [q({ value: 'x'.repeat(50) }), q({ ms: 5, value: 'y'.repeat(60) }), q({ ms: 10, value: 1 })];
    expect(await ask('ordered', { queries }, { limits: { answerBytes: 100 } })).toMatchObject({
      results: [{ status: 'ok' }, { status: 'error', error: { code: 'TOO_LARGE' } }, { status: 'ok' }],
    });
  });
});

describe('take', () => {
  it('stops after so many successes, earlier failures included, the rest cancelled and counted', async () => {
    const simulation = simulate();
    const queries = [
      q({ id: 'slow', stall: true }),
      q({ fail: 'UNAVAILABLE' }),
      q({ value: 1, ms: 10 }),
      q({ value: 2, ms: 20 }),
    ];
    const answer = await ask('first-reply', { take: 2, queries }, { simulation });
    expect(answer).toMatchObject({
      complete: true,
      cancelled: 1,
      results: [{ index: 1, status: 'error' }, { index: 2 }, { index: 3 }],
    });
    expect(simulation.aborted).toEqual(['slow']);
  });

  const times = <T>(count: number, one: T) => Array.from({ length: count }, () => one);
  const many = { $result: '/many' };
  const text = { $join: times(20, many) };
  it.each<[string, object]>([
    ['what is made of an answer', q({ value: times(1000, times(1000, 1)) }, { select: { all: '' } })],
    ['whether a query is run', q({}, { unless: { equals: [times(10, many), times(10, { $result: '/same' })] } })],
    ['what a query is sent', q({ value: text })],
    ['what a reference gathers', q({ value: { $result: '/lists/*/*' } })],
    ['what it finds there already', q({ value: { $result: '/lists/*/*' } }, { when: { $result: '/last' } })],
    ['what an item is', q({}, { forEach: [text] })],
  ])('stops what codap computes for who has lost: %s', async (_what, loser) => {
    const winner = q({ turns: 4, value: { $result: '/many/0' } });
    const hidden = (value: unknown) => q({ value }, { hidden: true });
    const queries = {
      race: { pattern: 'first-reply', take: 1, queries: [loser, winner] },
      many: hidden(times(500_000, 1)),
      same: hidden(times(500_000, 1)),
      lists: hidden(times(1000, times(1000, 1))),
      last: hidden(true),
    };
    const { root, batch } = start('kv', { queries }, { timeoutMs: 60_000, limits: { work: 1e9, answerBytes: 1e9 } });
    const turns = vi.spyOn(batch.work, 'turn');
    expect((await root.reply).list?.members[0]?.reply).toMatchObject({ status: 'ok', winner: 1 });
    const before = turns.mock.calls.length;
    for (let more = 0; more < 10; more += 1) await turn();
    expect(turns.mock.calls.length).toBeLessThan(before + 2);
  });

  it('values are the successes only', async () => {
    expect(
      await ask('first-reply', { take: 1, shape: 'values', queries: [q({ fail: 'TIMEOUT' }), q({ value: 7, ms: 5 })] }),
    ).toEqual([7]);
  });

  it('succeeds if and only if enough are left, and fails as soon as they are not', async () => {
    for (const [n, m, k] of [
      [3, 1, 2],
      [3, 2, 2],
      [4, 3, 1],
      [4, 4, 1],
      [5, 0, 5],
      [5, 1, 5],
    ] as const) {
      const queries = Array.from({ length: n }, (_, index) =>
        index < m ? q({ fail: 'UNAVAILABLE' }) : q({ value: index, ms: 5 }),
      );
      const answer = await ask('first-reply', { take: k, queries });
      expect('failed' in (answer as object), `${n} ${m} ${k}`).toBe(n - m < k);
    }
    const simulation = simulate();
    const stalls = [q({ id: 'a', stall: true }), q({ fail: 'FORBIDDEN' })];
    expect(await ask('first-reply', { take: 2, queries: stalls }, { simulation })).toEqual({
      failed: 'FORBIDDEN',
      path: '/1',
      failures: 1,
    });
  });

  it('hedgeMs starts take at once, one more every so often, and one at once on a failure', async () => {
    const simulation = simulate();
    const queries = [
      q({ id: 'a', stall: true }),
      q({ id: 'b', fail: 'UNAVAILABLE' }),
      q({ id: 'c', value: 1 }),
      q({ id: 'd', value: 2 }),
    ];
    const answer = await ask('first-reply', { take: 1, hedgeMs: 15, queries }, { simulation });
    expect(answer).toMatchObject({
      results: [
        { index: 1, status: 'error' },
        { index: 2, status: 'ok' },
      ],
      cancelled: 2,
    });
    expect(simulation.started).toEqual(['a', 'b', 'c']);
  });
});

describe('a batch that is over before all of it has started', () => {
  const PATTERNS = ['kv', 'ordered', 'first-reply'] as const;
  const ENDINGS = ['leaves', 'fails'] as const;
  const queriesOf = (pattern: string, queries: object[]) =>
    pattern === 'kv' ? Object.fromEntries(queries.map((query, at) => [`k${at}`, query])) : queries;

  it.each(
    PATTERNS.flatMap((pattern) =>
      ENDINGS.flatMap((ending) => [0, 1].map((depth) => [pattern, ending, depth ? 'a group' : 'the top'] as const)),
    ),
  )('%s, which %s: what has not started in %s is cancelled, and nothing is a fault of codap', async (...row) => {
    const [pattern, ending, depth] = row;
    const flat = queriesOf(
      pattern,
      Array.from({ length: 3 }, () => q({ value: 1, ms: 50 })),
    );
    const queries = depth === 'a group' ? queriesOf(pattern, [{ pattern, queries: flat }]) : flat;
    const left = new AbortController();
    // Others have had the event loop for so long that each member waits for its turn.
    while (!isLoopHeld());
    const { root, batch } = start(pattern, { queries }, { signal: left.signal });
    const failure = { path: ['a'], error: new CodapError('UNAVAILABLE', 'told to fail') };
    if (ending === 'fails') batch.decide(failure);
    else left.abort(notNeeded());
    const { status, list } = await root.reply;
    expect(status).toBe('error');
    const codes = (list?.members ?? [])
      .flatMap((member) => member.reply.list?.members ?? [member])
      .map(({ reply }) => reply.error?.code);
    expect(new Set(codes)).toEqual(new Set(['CANCELLED']));
    expect(batch.decidedBy).toEqual(ending === 'fails' ? failure : undefined);
    expect(batch.failures.map(({ error }) => error.code)).toEqual([]);
  });
});
