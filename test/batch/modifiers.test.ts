import { describe, expect, it } from 'vitest';
import { ask, q, simulate, start } from './simulated.ts';

const results = async (queries: object, asking = {}): Promise<unknown> =>
  ((await ask('kv', { queries }, asking)) as { results: unknown }).results;
const from = (pointer: string, modifiers = {}) => q({ value: { $result: pointer } }, modifiers);

describe('when and unless', () => {
  const runs = async (modifiers: object): Promise<boolean> => {
    const simulation = simulate();
    await results({ a: q({ id: 'a' }, { ...modifiers }) }, { simulation });
    return simulation.started.length === 1;
  };

  it('a value holds unless it is false, null, 0, "" or []', async () => {
    for (const value of [false, null, 0, -0, '', []]) {
      expect(await runs({ when: value }), JSON.stringify(value)).toBe(false);
      expect(await runs({ unless: value }), JSON.stringify(value)).toBe(true);
    }
    const holding = [true, 1, -1, 'false', '0', [0], [[]], {}, { equal: ['a', 'b'] }, [{ equals: [1, 2] }]];
    const verbatim = [{ equals: 1, in: 2 }, { not: { $result: '/a' } }, [{ $caller: '/x' }]].map(($verbatim) => ({
      $verbatim,
    }));
    for (const value of [...holding, ...verbatim, { x: verbatim[1] }]) {
      expect(await runs({ when: value }), JSON.stringify(value)).toBe(true);
      expect(await runs({ unless: value }), JSON.stringify(value)).toBe(false);
    }
  });

  it('equals compares as plain JSON, whatever the order of keys', async () => {
    const equal = [
      [1, 1],
      ['a', 'a'],
      [null, null],
      [
        { a: 1, b: [2] },
        { b: [2], a: 1 },
      ],
    ];
    const different = [
      [1, '1'],
      [0, false],
      [null, false],
      [
        [1, 2],
        [2, 1],
      ],
      [{ a: 1 }, { a: 1, b: 2 }],
      [[], {}],
    ];
    for (const sides of equal) expect(await runs({ when: { equals: sides } }), JSON.stringify(sides)).toBe(true);
    for (const sides of different) expect(await runs({ when: { equals: sides } }), JSON.stringify(sides)).toBe(false);
  });

  it('in looks for a value in a list', async () => {
    expect(await runs({ when: { in: [2, [1, 2]] } })).toBe(true);
    expect(await runs({ when: { in: ['2', [1, 2]] } })).toBe(false);
    expect(await runs({ when: { in: [{ a: 1 }, [{ a: 1 }]] } })).toBe(true);
    expect(await runs({ unless: { in: [1, []] } })).toBe(true);
  });

  it('in over something that is not a list is INVALID', async () => {
    expect(
      await results({ a: q({ value: 'text' }), b: q({}, { when: { in: ['t', { $result: '/a' }] } }) }),
    ).toMatchObject({
      b: { status: 'error', error: { code: 'INVALID' } },
    });
  });

  it('read references on both sides', async () => {
    const queries = {
      a: q({ value: { role: 'admin', roles: ['admin', 'user'] } }),
      b: q({ value: 1 }, { when: { equals: [{ $result: '/a/role' }, 'admin'] } }),
      c: q({ value: 1 }, { when: { in: [{ $result: '/a/role' }, { $result: '/a/roles' }] } }),
      d: q({ value: 1 }, { unless: { equals: [{ $result: '/a/role' }, 'admin'] } }),
    };
    expect(await results(queries)).toMatchObject({
      b: { status: 'ok' },
      c: { status: 'ok' },
      d: { status: 'skipped' },
    });
  });

  it('what they skip has no error and no ms, asks no store, and waits for no reference in params', async () => {
    const simulation = simulate();
    const queries = {
      a: q({ fail: 'TIMEOUT' }),
      b: q({ id: 'b', value: { $result: '/a' } }, { when: false, default: 1, required: true }),
    };
    expect((await results(queries, { simulation })) as object).toHaveProperty('b', { status: 'skipped' });
    expect(simulation.started).not.toContain('b');
  });

  it('both have to agree', async () => {
    expect(await runs({ when: true, unless: false })).toBe(true);
    expect(await runs({ when: true, unless: true })).toBe(false);
    expect(await runs({ when: false, unless: false })).toBe(false);
  });

  const bad = { $result: '/bad' };
  const left = { $result: '/left' };
  const skipped = { status: 'skipped' };
  const failed = (...dependsOn: string[]) => ({ status: 'skipped', error: { code: 'DEPENDENCY_FAILED', dependsOn } });
  it.each<[string, object, object]>([
    ['when does not hold, what unless refers to has failed', { when: false, unless: bad }, skipped],
    ['when does not hold, unless cannot be judged', { when: null, unless: { in: [1, { $result: '/one' }] } }, skipped],
    ['when refers to what is not, so does unless', { when: { $result: '/one/x' }, unless: bad }, skipped],
    ['what when refers to was left out', { when: left, unless: bad }, skipped],
    ['what when refers to has failed', { when: bad, unless: { $result: '/worse' } }, failed('bad')],
    ['what when refers to has failed, unless would leave it out', { when: bad, unless: true }, failed('bad')],
    ['when holds, what unless refers to has failed', { when: true, unless: bad }, failed('bad')],
    ['when holds, what unless refers to was left out', { when: { $result: '/one' }, unless: left }, skipped],
    ['both refer to the same, which holds', { when: { $result: '/one' }, unless: { $result: '/one' } }, skipped],
    [
      'both refer to the same, which does not',
      { when: true, unless: { equals: [{ $result: '/one' }, 2] } },
      { status: 'ok' },
    ],
  ])('are judged one after the other: %s', async (_what, modifiers, expected) => {
    const queries = {
      bad: q({ fail: 'NOT_FOUND' }),
      worse: q({ fail: 'UNAVAILABLE' }),
      left: q({}, { when: false }),
      one: q({ value: 1 }),
      query: q({}, { ...modifiers, required: !('error' in expected) }),
      defaulted: q({ value: 'D' }, { ...modifiers, default: 'D' }),
      each: q({}, { ...modifiers, forEach: [1] }),
      group: { pattern: 'kv', queries: { a: q() }, ...modifiers },
    };
    const { query, defaulted, each, group } = (await results(queries)) as Record<string, object>;
    const withDefault = 'error' in expected ? { ...expected, status: 'ok', value: 'D', defaulted: true } : expected;
    expect({ query, defaulted, group }).toMatchObject({ query: expected, defaulted: withDefault, group: expected });
    expect(each).toMatchObject({ replies: [expected] });
    if (!('error' in expected)) expect([query, defaulted, group].some((one) => 'error' in one!)).toBe(false);
  });

  it('what when leaves out does not wait for what unless refers to', async () => {
    const leaving = new AbortController();
    const queries = { slow: q({ stall: true }), a: q({}, { when: false, unless: { $result: '/slow' } }) };
    const { root } = start('kv', { queries }, { signal: leaving.signal });
    const [slow, a] = (await root.container)!.members;
    expect(await a!.reply).toEqual({ status: 'skipped' });
    expect(slow!.settled).toBeUndefined();
    leaving.abort();
    await root.reply;
  });

  it('skip a whole group', async () => {
    const simulation = simulate();
    const g = { pattern: 'kv', when: false, queries: { x: q({ id: 'x' }) } };
    expect(await ask('kv', { queries: { g } }, { simulation })).toEqual({
      complete: true,
      results: { g: { status: 'skipped' } },
    });
    expect(simulation.started).toEqual([]);
  });
});

describe('select', () => {
  const selected = async (select: unknown, value: unknown): Promise<unknown> =>
    ((await ask('ordered', { shape: 'values', queries: [q({ value }, { select })] })) as unknown[])[0];

  it('is a pointer into the value', async () => {
    expect(await selected('/a/1', { a: [1, 2] })).toBe(2);
    expect(await selected('', { a: 1 })).toEqual({ a: 1 });
    expect(await selected('/a/*/b', { a: [{ b: 1 }, {}, { b: 3 }] })).toEqual([1, 3]);
  });

  it('is an object of pointers, to any depth, keys as they are', async () => {
    const select = JSON.parse('{"x":"/a","__proto__":{"y":"/b"}}') as unknown;
    expect(Object.entries((await selected(select, { a: 1, b: 2 })) as object)).toEqual([
      ['x', 1],
      ['__proto__', { y: 2 }],
    ]);
  });

  it('gives null where a pointer leads nowhere', async () => {
    expect(await selected('/nope', { a: 1 })).toBeNull();
    expect(await selected({ x: '/nope/deep', y: '/a' }, { a: 1 })).toEqual({ x: null, y: 1 });
    const a = q({ value: { a: 'x' }, mode: 'canonical' });
    const g = { pattern: 'kv', queries: { a, b: q({ fail: 'NOT_FOUND' }) }, select: { all: '', x: '/b' } };
    const queries = { a: { ...a, select: { x: '/nowhere', y: '/a' } }, g };
    expect(await ask('kv', { shape: 'values', queries })).toEqual({
      a: { x: null, y: 'x' },
      g: { all: { a: { a: 'x' }, b: null }, x: null },
    });
  });

  it('may hold references beside pointers, and $verbatim for what is literal', async () => {
    const queries = {
      a: q({ value: 'A' }),
      b: q(
        { value: { p: 1 } },
        {
          select: { a: { $result: '/a' }, p: '/p', both: { $join: ['x', { $result: '/a' }] }, c: { $verbatim: '/p' } },
        },
      ),
    };
    expect(await results(queries)).toMatchObject({ b: { value: { a: 'A', p: 1, both: 'xA', c: '/p' } } });
  });

  it('of a group reads its value, hidden members too, failed ones null', async () => {
    const g = {
      pattern: 'kv',
      select: { sum: '/x/n', all: '', y: '/y' },
      queries: { x: q({ value: { n: 1 } }, { hidden: true }), y: q({ fail: 'TIMEOUT' }) },
    };
    const { g: reply } = (await results({ g })) as { g: object };
    expect(reply).toMatchObject({ status: 'partial', value: { sum: 1, all: { x: { n: 1 }, y: null }, y: null } });
    expect(reply).not.toHaveProperty('replies');
  });

  it('does not mend a failure', async () => {
    expect(await results({ a: q({ fail: 'TIMEOUT' }, { select: '/x' }) })).toMatchObject({
      a: { status: 'error', error: { code: 'TIMEOUT' } },
    });
  });

  it('its copies count against the answer', async () => {
    const select = { a: '', b: '', c: '' };
    expect(
      await results({ a: q({ value: 'x'.repeat(40) }, { select }) }, { limits: { answerBytes: 100 } }),
    ).toMatchObject({ a: { error: { code: 'TOO_LARGE' } } });
  });
});

describe('accept', () => {
  it('"found" judges the value before select', async () => {
    const queries = {
      a: q({ value: {} }, { accept: 'found', select: '/x' }),
      b: q({ value: null }, { accept: 'found', select: { x: '' } }),
    };
    expect(await results(queries)).toMatchObject({
      a: { status: 'ok', value: null },
      b: { status: 'error', error: { code: 'NOT_FOUND' } },
    });
  });

  it('"found" takes false, 0, "" and [] for found', async () => {
    for (const value of [false, 0, '', []])
      expect(await results({ a: q({ value }, { accept: 'found' }) })).toMatchObject({ a: { status: 'ok', value } });
  });

  it('makes no copy: what it looks at counts once against answerBytes', async () => {
    const value = 'x'.repeat(60);
    const race = { pattern: 'first-reply', take: 1, accept: 'found', queries: [q({ value })] };
    expect(
      await results({ race, a: q({ value: 1 }, { accept: 'found' }) }, { limits: { answerBytes: 100 } }),
    ).toMatchObject({
      race: { status: 'ok', value },
      a: { status: 'ok', value: 1 },
    });
  });

  it('"found" on a nested take: 1 judges the winner', async () => {
    const g = { pattern: 'first-reply', take: 1, accept: 'found', queries: [q({ value: null })] };
    expect(await results({ g })).toMatchObject({ g: { status: 'error', error: { code: 'NOT_FOUND' } } });
  });
});

describe('default', () => {
  it('stands in for a failed dependency too, and what depends on it runs', async () => {
    const queries = {
      a: q({ fail: 'TIMEOUT' }),
      b: from('/a', { default: { n: 1 } }),
      c: from('/b/n', { required: true }),
    };
    expect(await ask('kv', { queries })).toMatchObject({
      complete: false,
      results: {
        b: { status: 'ok', value: { n: 1 }, defaulted: true, error: { code: 'DEPENDENCY_FAILED', dependsOn: ['a'] } },
        c: { status: 'ok', value: 1 },
      },
    });
  });

  it('may be null, and is taken as written: not selected from, not judged by accept', async () => {
    expect(
      await results({ a: q({ fail: 'TIMEOUT' }, { default: null, accept: 'found', select: '/x' }) }),
    ).toMatchObject({ a: { status: 'ok', value: null, defaulted: true } });
  });

  it('does not stand in for what is not needed any more', async () => {
    const queries = [q({ value: 1 }), q({ stall: true }, { default: 2 })];
    expect(await ask('first-reply', { take: 1, queries })).toMatchObject({ cancelled: 1, results: [{ index: 0 }] });
    const g = {
      pattern: 'ordered',
      queries: [q({ fail: 'TIMEOUT' }, { required: true }), q({ stall: true }, { default: 2 })],
    };
    expect(await results({ g })).toMatchObject({
      g: { status: 'error', replies: [{}, { status: 'error', error: { code: 'CANCELLED' } }] },
    });
  });

  it('of a group is its value when it fails, and absent while it is ok', async () => {
    const group = (told: object) => ({ pattern: 'kv', default: 'none', queries: { x: q({ ...told }) } });
    const { a, b } = (await results({ a: group({ fail: 'TIMEOUT' }), b: group({ value: 1 }) })) as {
      a: object;
      b: object;
    };
    expect(a).toMatchObject({ status: 'ok', value: 'none', defaulted: true, error: { code: 'TIMEOUT' } });
    expect(a).not.toHaveProperty('replies');
    expect(b).toEqual({ status: 'ok', replies: { x: { status: 'ok', value: 1 } } });
  });

  it('counts as a success for a take, but the answer is not complete', async () => {
    const queries = [q({ fail: 'TIMEOUT' }, { default: 1 }), q({ stall: true })];
    const answer = { complete: false, results: [{ value: 1, defaulted: true }], cancelled: 1 };
    expect(await ask('first-reply', { take: 1, queries })).toMatchObject(answer);
    const nested = { pattern: 'first-reply', take: 1, queries };
    expect(await ask('kv', { queries: { nested } })).toMatchObject({ complete: false });
  });
});

describe('hidden', () => {
  it('is left out of lists and objects while ok, null among values, shown when failed', async () => {
    const queries = [q({ value: 1 }, { hidden: true }), q({ value: 2 }), q({ fail: 'TIMEOUT' }, { hidden: true })];
    expect(await ask('ordered', { queries })).toMatchObject({ results: [{ index: 1 }, { index: 2, status: 'error' }] });
    expect(await ask('ordered', { shape: 'values', queries })).toEqual([null, 2, null]);
    expect(await ask('kv', { queries: { a: q({ value: 1 }, { hidden: true }) } })).toEqual({
      complete: true,
      results: {},
    });
    expect(await ask('kv', { shape: 'values', queries: { a: q({ value: 1 }, { hidden: true }) } })).toEqual({
      a: null,
    });
  });

  it('is waited for', async () => {
    const simulation = simulate();
    await results({ a: q({ id: 'a', ms: 10 }, { hidden: true }), b: q() }, { simulation });
    expect(simulation.finished).toContain('a');
  });
});
