import { describe, expect, it, vi } from 'vitest';
import { ask, faults, q, simulate, start } from './simulated.ts';

const values = (queries: object, asking = {}): Promise<unknown> => ask('kv', { shape: 'values', queries }, asking);
const results = async (queries: object, asking = {}): Promise<unknown> =>
  ((await ask('kv', { queries }, asking)) as { results: unknown }).results;
const item = (pointer = '') => ({ $item: pointer });
const each = (list: string, told: Record<string, unknown>, modifiers = {}) =>
  q(told, { forEach: { $result: list }, ...modifiers });
const ids = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('forEach', () => {
  it('runs a query once per item and answers a list in their order', async () => {
    expect(await results({ a: q({ value: [20, 0] }), b: each('/a', { value: item(), ms: item() }) })).toMatchObject({
      b: {
        status: 'ok',
        replies: [
          { index: 0, status: 'ok', value: 20 },
          { index: 1, status: 'ok', value: 0 },
        ],
      },
    });
  });

  it('of an empty list is ok and empty', async () => {
    expect(await results({ a: q({ value: [] }), b: each('/a', {}) })).toMatchObject({
      b: { status: 'ok', replies: [] },
    });
  });

  it('of something that is not a list is INVALID', async () => {
    for (const value of [null, {}, 'abc', 3])
      expect(await results({ a: q({ value }), b: each('/a', {}) })).toMatchObject({
        b: { status: 'error', error: { code: 'INVALID' } },
      });
  });

  it('starts when its list is there', async () => {
    const queries = { list: q({ value: [1], ms: 200 }), each: q({}, { forEach: { $result: '/list' } }) };
    const { list } = await start('kv', { queries }).root.reply;
    expect(list?.members[1]?.reply.ms).toBeLessThan(150);
  });

  it('of a list that fails, is skipped or leads nowhere does the same', async () => {
    const queries = {
      a: q({ fail: 'UNAVAILABLE' }),
      b: each('/a', {}),
      c: q({}, { when: false }),
      d: each('/c', {}),
      e: q({ value: {} }),
      f: each('/e/x', {}),
    };
    expect(await results(queries)).toMatchObject({
      b: { status: 'skipped', error: { code: 'DEPENDENCY_FAILED', retryable: true, dependsOn: ['a'] } },
      d: { status: 'skipped' },
      f: { status: 'skipped', error: { code: 'DEPENDENCY_FAILED', retryable: false } },
    });
  });

  it('finishes work on the first item before the last has started', async () => {
    const simulation = simulate();
    const queries = {
      a: q({ value: ids(30) }),
      b: {
        pattern: 'kv',
        forEach: { $result: '/a' },
        concurrency: 2,
        queries: {
          x: q({ id: { $join: ['x', item()] }, value: item() }),
          y: q({ id: { $join: ['y', { $result: '/x' }] } }),
        },
      },
    };
    await values(queries, { simulation });
    expect(simulation.finished.indexOf('y0')).toBeLessThan(simulation.started.length);
    const order = simulation.started.filter((id) => id === 'y0' || id === 'x29');
    expect(order).toEqual(['y0', 'x29']);
  });

  it('an item that others wait for is read while its siblings still run', async () => {
    const simulation = simulate();
    const client = new AbortController();
    const queries = {
      a: q({ value: [false, true] }),
      b: each('/a', { stall: item(), value: 1 }),
      c: q({ id: 'c', value: { $result: '/b/0' } }),
    };
    const { root } = start('kv', { queries }, { simulation, signal: client.signal });
    await vi.waitFor(() => expect(simulation.finished).toContain('c'));
    client.abort();
    await root.reply;
  });

  it('runs 8 items at a time, or concurrency', async () => {
    for (const [modifiers, expected] of [
      [{}, 8],
      [{ concurrency: 3 }, 3],
      [{ concurrency: 1 }, 1],
    ] as const) {
      const simulation = simulate();
      let most = 0;
      const { call } = simulation.source;
      const watched = {
        ...simulation,
        source: {
          ...simulation.source,
          call: ((query, who, bounds) => {
            const answer = call(query, who, bounds);
            most = Math.max(most, simulation.started.length - simulation.finished.length);
            return answer;
          }) as typeof call,
        },
      };
      await values({ a: q({ value: ids(20) }), b: each('/a', { ms: 1 }, modifiers) }, { simulation: watched });
      expect(most).toBe(expected);
    }
  });

  it('takes concurrency only beside forEach, and a list or a reference alone', () => {
    expect(
      Object.keys(
        faults('kv', {
          queries: {
            a: q({}, { concurrency: 2 }),
            c: q({}, { forEach: { x: 1 } }),
            d: q({}, { forEach: { $join: ['a'] } }),
            e: q({}, { forEach: { $verbatim: { x: 1 } } }),
            f: q({}, { forEach: 'x' }),
          },
        }),
      ).toSorted(),
    ).toEqual([
      '#/queries/a/concurrency',
      '#/queries/c/forEach',
      '#/queries/d/forEach',
      '#/queries/e/forEach',
      '#/queries/f/forEach',
    ]);
  });

  it('is partial if some items fail, error with the first failure if all do', async () => {
    const two = [
      { fail: 'NOT_FOUND', ms: 5 },
      { fail: 'TIMEOUT', ms: 0 },
    ];
    expect(
      await results({
        a: q({ value: [{ fail: null }, two[0]] }),
        two: q({ value: two }),
        b: each('/a', { fail: item('/fail') }),
        c: each('/two', { fail: item('/fail'), ms: item('/ms') }),
      }),
    ).toMatchObject({
      b: { status: 'partial', replies: [{ status: 'ok' }, { status: 'error' }] },
      c: { status: 'error', error: { code: 'NOT_FOUND' }, replies: [{}, {}] },
    });
  });
});

describe('a list written out', () => {
  const over = (list: unknown, told: object, modifiers = {}) => q({ ...told }, { forEach: list, ...modifiers });

  it('runs once per item, whatever the items are', async () => {
    const list = ['a', 1, null, { deep: [true] }, ['x'], { $verbatim: { $result: '/nobody' } }];
    expect(await values({ b: over(list, { value: item() }) })).toEqual({
      b: ['a', 1, null, { deep: [true] }, ['x'], { $result: '/nobody' }],
    });
  });

  it('is ok and empty if it is, and may be written as $verbatim', async () => {
    const { results } = (await ask('kv', { queries: { a: over([], {}) } })) as { results: unknown };
    expect(results).toEqual({ a: { status: 'ok', replies: [] } });
    expect(await values({ a: over({ $verbatim: [{ $item: '' }] }, { value: item() }) })).toEqual({
      a: [{ $item: '' }],
    });
  });

  it('holds references anywhere in its items', async () => {
    const queries = {
      x: q({ value: { id: 7, tags: ['p', 'q'] } }),
      b: over(['a', { $result: '/x/id' }, { deep: { $result: '/x/tags/*' } }, { $join: ['k', { $result: '/x/id' }] }], {
        value: item(),
      }),
    };
    expect(await values(queries)).toMatchObject({ b: ['a', 7, { deep: ['p', 'q'] }, 'k7'] });
  });

  it('holds a $join of nothing but literal texts as the text that it is', async () => {
    const b = over([{ $join: ['a', 'b'] }, 'c'], { value: item() });
    expect(await values({ b })).toEqual({ b: ['ab', 'c'] });
  });

  it.each([{ concurrency: 1 }, {}])(
    'an item waits for its own references alone, and takes no place (%j)',
    async (more) => {
      const simulation = simulate();
      const client = new AbortController();
      const queries = {
        never: q({ stall: true }),
        b: over([{ $result: '/never' }, 'x', 'y'], { id: item() }, more),
        c: q({ id: 'c', value: { $result: '/b/2' } }),
      };
      const { root } = start('kv', { queries }, { simulation, signal: client.signal });
      await vi.waitFor(() => expect(simulation.finished).toEqual(['x', 'y', 'c']));
      client.abort();
      await root.reply;
    },
  );

  it('an item whose reference cannot be had ends alone: as any query that refers to it, or by its default', async () => {
    const queries = {
      gone: q({ fail: 'UNAVAILABLE' }),
      unasked: q({}, { when: false }),
      x: q({ value: { deep: {} } }),
      b: over(['a', { $result: '/gone' }, { $result: '/unasked' }, { at: { $result: '/x/deep/none' } }], {
        value: item(),
      }),
      c: over([{ $result: '/gone' }, 'a'], { value: item() }, { default: 'none' }),
      d: over([{ $join: [{ $result: '/x' }] }, 'a'], { value: item() }),
    };
    expect(await results(queries)).toMatchObject({
      b: {
        status: 'partial',
        replies: [
          { status: 'ok', value: 'a' },
          { status: 'skipped', error: { code: 'DEPENDENCY_FAILED', retryable: true, dependsOn: ['gone'] } },
          { index: 2, status: 'skipped' },
          { status: 'skipped', error: { code: 'DEPENDENCY_FAILED', retryable: false, dependsOn: ['x'] } },
        ],
      },
      c: { status: 'ok', replies: [{ value: 'none', defaulted: true }, { value: 'a' }] },
      d: { status: 'partial', replies: [{ status: 'error', error: { code: 'INVALID' } }, { value: 'a' }] },
    });
  });

  it('an item whose reference is not there by the deadline is skipped; the others are answered', async () => {
    const queries = { never: q({ stall: true }), b: over([{ $result: '/never' }, 'x'], { value: item() }) };
    expect(await results(queries, { timeoutMs: 20 })).toMatchObject({
      b: {
        replies: [
          { status: 'skipped', error: { code: 'DEPENDENCY_FAILED' } },
          { status: 'ok', value: 'x' },
        ],
      },
    });
  });

  it('fails the batch under onError: "fail" as any other failure does', async () => {
    const queries = { x: q({ value: {} }), b: over(['a', { $result: '/x/none' }], {}) };
    expect(await ask('kv', { onError: 'fail', queries })).toMatchObject({ failed: 'DEPENDENCY_FAILED', path: '/b/1' });
  });

  it("$item in it is the outer forEach's", async () => {
    const g = {
      pattern: 'kv',
      forEach: [{ ids: [1, 2] }, { ids: [3] }],
      queries: {
        x: q({ value: { first: item('/ids/0') } }),
        y: over([item('/ids'), { $result: '/x/first' }, 'z'], { value: item() }),
        z: over(item('/ids'), { value: item() }),
      },
    };
    expect(await values({ g })).toEqual({
      g: [
        { x: { first: 1 }, y: [[1, 2], 1, 'z'], z: [1, 2] },
        { x: { first: 3 }, y: [[3], 3, 'z'], z: [3] },
      ],
    });
    expect(faults('kv', { queries: { a: over([item()], {}) } })).toEqual({
      '#/queries/a/forEach/0': '$item stands only below a forEach',
    });
  });

  it('may hold lists, for a forEach within it', async () => {
    const g = {
      pattern: 'ordered',
      forEach: [[1, 2], [], [3]],
      queries: [over(item(), { value: item() })],
    };
    expect(await values({ g })).toEqual({ g: [[[1, 2]], [[]], [[3]]] });
  });

  it('each fault in it stands where it is', () => {
    const list = ['a', { $result: '/nobody' }, { x: { $result: 'b' } }, { $result: '/b' }, { $param: '/p' }];
    expect(Object.keys(faults('kv', { queries: { b: over(list, {}) } })).toSorted()).toEqual([
      '#/queries/b/forEach/1',
      '#/queries/b/forEach/2/x/$result',
      '#/queries/b/forEach/3',
      '#/queries/b/forEach/4/$param',
    ]);
  });

  it('a cycle through one of its items is a cycle', () => {
    const queries = { a: q({ value: { $result: '/b/0' } }), b: over(['x', { $result: '/a' }], {}) };
    expect(Object.values(faults('kv', { queries }))).toEqual(['a cycle: this waits, in the end, for itself']);
  });

  it('counts its calls while planning, those of a group it runs over too', () => {
    const faultsOf = (queries: object, calls: number): object => faults('kv', { queries }, { limits: { calls } });
    const g = { pattern: 'kv', forEach: ['a', 'b'], queries: { x: q(), y: over([1, 2], {}) } };
    expect(faultsOf({ a: q(), b: over([1, 2, 3], {}) }, 4)).toEqual({});
    expect(faultsOf({ a: q(), b: over([1, 2, 3], {}) }, 3)).toEqual({ '#/queries': 'more than 3 calls' });
    expect(faultsOf({ b: over([1, 2, 3, 4], {}) }, 3)).toEqual({ '#/queries/b/forEach': 'more than 3 calls' });
    expect(faultsOf({ g }, 8)).toEqual({});
    expect(faultsOf({ g }, 7)).toEqual({ '#/queries': 'more than 7 calls' });
  });

  it('takes its calls once: what is left is for lists that are referred to', async () => {
    const queries = { a: q({ value: [1, 2] }), b: over([1, 2, 3], {}), c: each('/a', {}) };
    expect(await results(queries, { limits: { calls: 6 } })).toMatchObject({
      b: { status: 'ok' },
      c: { status: 'ok' },
    });
    expect(await results(queries, { limits: { calls: 5 } })).toMatchObject({
      b: { status: 'ok' },
      c: { status: 'error', error: { code: 'TOO_LARGE' } },
    });
  });
});

describe('per item', () => {
  it('when and unless see the item', async () => {
    expect(
      await results({
        a: q({ value: [1, 2, 3] }),
        b: each('/a', { value: item() }, { when: { in: [item(), [1, 3]] }, unless: { equals: [item(), 3] } }),
      }),
    ).toMatchObject({
      b: { status: 'ok', replies: [{ status: 'ok', value: 1 }, { status: 'skipped' }, { status: 'skipped' }] },
    });
  });

  it('select joins an item with what was found for it', async () => {
    expect(
      await values({
        a: q({ value: ['x', 'y'] }),
        b: each('/a', { value: { p: 1 } }, { select: { hit: item(), product: '/p' } }),
      }),
    ).toMatchObject({
      b: [
        { hit: 'x', product: 1 },
        { hit: 'y', product: 1 },
      ],
    });
  });

  it('as is filled in for each', async () => {
    expect(
      await results({
        a: q({ value: ['x', 'y'] }),
        b: each('/a', {}, { as: { $join: [item(), '.jpg'] } }),
        c: each('/a', {}, { as: item() }),
      }),
    ).toMatchObject({
      b: { replies: [{ as: 'x.jpg' }, { as: 'y.jpg' }] },
      c: { replies: [{ as: 'x' }, { as: 'y' }] },
    });
    expect(await results({ a: q({ value: [[1]] }), b: each('/a', {}, { as: item() }) })).toMatchObject({
      b: { replies: [{ status: 'error', error: { code: 'INVALID' } }] },
    });
  });

  it('as is told of an item that is skipped or fails too, and is no longer than a key', async () => {
    const queries = {
      list: q({ value: [{ n: 'one' }, { n: 'two' }, { n: 'x'.repeat(257) }] }),
      when: each('/list', {}, { as: item('/n'), when: { equals: [item('/n'), 'two'] } }),
      failing: each('/list', { value: item('/nowhere') }, { as: { $join: [item('/n'), '.txt'] } }),
    };
    const INVALID = { status: 'error', error: { code: 'INVALID' } };
    expect(await results(queries)).toMatchObject({
      when: { replies: [{ as: 'one', status: 'skipped' }, { as: 'two', status: 'ok' }, { status: 'skipped' }] },
      failing: { replies: [{ as: 'one.txt' }, { as: 'two.txt', status: 'skipped' }, { status: 'skipped' }] },
    });
    expect(await results({ ...queries, when: each('/list', {}, { as: item('/n') }) })).toMatchObject({
      when: { replies: [{ status: 'ok' }, { status: 'ok' }, INVALID] },
    });
  });

  it('default, accept and timeoutMs hold for each', async () => {
    const queries = {
      a: q({
        value: [
          { v: 1, s: false },
          { v: null, s: false },
          { v: 1, s: true },
        ],
      }),
      b: each('/a', { value: item('/v'), stall: item('/s') }, { accept: 'found', timeoutMs: 20, default: 'none' }),
    };
    expect(await results(queries)).toMatchObject({
      b: {
        status: 'ok',
        replies: [
          { value: 1 },
          { value: 'none', defaulted: true, error: { code: 'NOT_FOUND' } },
          { value: 'none', defaulted: true, error: { code: 'TIMEOUT' } },
        ],
      },
    });
  });

  it('timeoutMs runs from the start of each item, not of the whole', async () => {
    expect(
      await results({ a: q({ value: ids(4) }), b: each('/a', { ms: 25 }, { concurrency: 1, timeoutMs: 70 }) }),
    ).toMatchObject({ b: { status: 'ok' } });
  });
});

describe('for the whole', () => {
  it('required fails the group only if the whole fails', async () => {
    const some = { a: q({ value: ['TIMEOUT', null] }), b: each('/a', { fail: item() }, { required: true }) };
    expect(await results(some)).toMatchObject({ b: { status: 'partial' } });
    expect(
      await ask('kv', {
        queries: { a: q({ value: ['TIMEOUT'] }), b: each('/a', { fail: item() }, { required: true }) },
      }),
    ).toMatchObject({ failed: 'TIMEOUT', path: '/b' });
  });

  it('hidden leaves the whole out while it is ok, and shows it when not', async () => {
    const queries = {
      a: q({ value: [1] }),
      b: each('/a', {}, { hidden: true }),
      c: q({ value: ['TIMEOUT'] }),
      d: each('/c', { fail: item() }, { hidden: true }),
    };
    expect(Object.keys((await results(queries)) as object)).toEqual(['a', 'c', 'd']);
  });
});

describe('on a group', () => {
  it('each item runs its own copy, and references inside stay within it', async () => {
    const g = {
      pattern: 'kv',
      forEach: { $result: '/a' },
      queries: { x: q({ value: { n: item() }, ms: 3 }), y: q({ value: [{ $result: '/x/n' }, item()] }) },
    };
    expect(await values({ a: q({ value: [1, 2] }), g })).toMatchObject({
      g: [
        { x: { n: 1 }, y: [1, 1] },
        { x: { n: 2 }, y: [2, 2] },
      ],
    });
  });

  it('a reference from outside goes by item, then by member', async () => {
    const g = { pattern: 'kv', forEach: { $result: '/a' }, queries: { x: q({ value: item() }) } };
    expect(
      await values({
        a: q({ value: [1, 2] }),
        g,
        b: q({ value: { $result: '/g/1/x' } }),
        c: q({ value: { $result: '/g/*/x' } }),
      }),
    ).toMatchObject({ b: 2, c: [1, 2] });
  });

  it('an inner list may come from the outer item, and the nearest item counts', async () => {
    const lines = {
      pattern: 'kv',
      forEach: { $result: '/orders' },
      queries: { id: q({ value: item('/id') }), lines: q({ value: item('/sku') }, { forEach: item('/lines') }) },
    };
    const orders = [
      { id: 1, lines: [{ sku: 'a' }, { sku: 'b' }] },
      { id: 2, lines: [] },
    ];
    expect(await values({ orders: q({ value: orders }), lines })).toMatchObject({
      lines: [
        { id: 1, lines: ['a', 'b'] },
        { id: 2, lines: [] },
      ],
    });
  });

  it('an inner list may come from a sibling of the same copy', async () => {
    const g = {
      pattern: 'kv',
      forEach: { $result: '/a' },
      queries: { x: q({ value: [item(), item()] }), y: q({ value: item() }, { forEach: { $result: '/x' } }) },
    };
    expect(await values({ a: q({ value: [1, 2] }), g })).toMatchObject({ g: [{ y: [1, 1] }, { y: [2, 2] }] });
  });
});

describe('limits.calls', () => {
  it('a list that does not fit into what is left is TOO_LARGE as a whole, no item run', async () => {
    const simulation = simulate();
    const queries = { a: q({ value: [1, 2, 3] }), b: each('/a', { id: 'item' }) };
    expect(await results(queries, { simulation, limits: { calls: 3 } })).toMatchObject({
      b: { status: 'error', error: { code: 'TOO_LARGE' } },
    });
    expect(simulation.started).not.toContain('item');
    expect(await results(queries, { limits: { calls: 4 } })).toMatchObject({ b: { status: 'ok' } });
  });

  it('every forEach item counts once, and every query of its copy', async () => {
    const g = { pattern: 'kv', forEach: { $result: '/a' }, queries: { x: q(), y: q() } };
    expect(await results({ a: q({ value: [1, 2] }), g }, { limits: { calls: 7 } })).toMatchObject({
      g: { status: 'ok' },
    });
    expect(await results({ a: q({ value: [1, 2] }), g }, { limits: { calls: 6 } })).toMatchObject({
      g: { status: 'error', error: { code: 'TOO_LARGE' } },
    });
  });

  it('a list that fitted leaves room for one that fits after it', async () => {
    const queries = { a: q({ value: [1, 2, 3, 4, 5] }), b: q({ value: [1] }), c: each('/a', {}), d: each('/b', {}) };
    expect(await results(queries, { limits: { calls: 4 } })).toMatchObject({
      c: { status: 'error', error: { code: 'TOO_LARGE' } },
      d: { status: 'ok' },
    });
  });
});
