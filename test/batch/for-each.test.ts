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
      const { fetch } = simulation.source;
      const watched = {
        ...simulation,
        source: {
          ...simulation.source,
          fetch: ((query, context) => {
            const answer = fetch(query, context);
            most = Math.max(most, simulation.started.length - simulation.finished.length);
            return answer;
          }) as typeof fetch,
        },
      };
      await values({ a: q({ value: ids(20) }), b: each('/a', { ms: 1 }, modifiers) }, { simulation: watched });
      expect(most).toBe(expected);
    }
  });

  it('takes concurrency only beside forEach, and a reference alone', () => {
    expect(
      Object.keys(
        faults('kv', {
          queries: {
            a: q({}, { concurrency: 2 }),
            b: q({}, { forEach: [1] }),
            c: q({}, { forEach: { x: 1 } }),
            d: q({}, { forEach: { $join: ['a'] } }),
            e: q({}, { forEach: { $verbatim: [1] } }),
            f: q({}, { forEach: 'x' }),
          },
        }),
      ).toSorted(),
    ).toEqual([
      '#/queries/a/concurrency',
      '#/queries/b/forEach',
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
