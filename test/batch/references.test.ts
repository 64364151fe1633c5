import { Decimal128, Long, ObjectId } from 'bson';
import { describe, expect, it, vi } from 'vitest';
import { answer, ask, faults, q, simulate, start } from './simulated.ts';

/** The values of a kv batch. */
const values = (queries: object, asking = {}): Promise<unknown> => ask('kv', { shape: 'values', queries }, asking);
const result = (pointer: string) => ({ $result: pointer });
const from = (pointer: string, modifiers = {}) => q({ value: result(pointer) }, modifiers);
const FAILED = { status: 'skipped', error: { code: 'DEPENDENCY_FAILED' } };

describe('a query that ends before all it refers to is there, or by reading that,', () => {
  const list = Array.from({ length: 300 }, () => 1);
  const cancelling = q({ ms: 30, fail: 'NOT_FOUND' }, { required: true });
  const ends: readonly (readonly [string, string, object, object])[] = [
    ['is not needed any more', 'CANCELLED', { slow: q({ ms: 2000 }), cancelling }, {}],
    ['takes too much work', 'TOO_LARGE', { slow: q({ ms: 30, value: list }) }, { work: 150 }],
    ['gathers too much', 'TOO_LARGE', { slow: q({ ms: 30, value: list }) }, { answerBytes: 700 }],
  ];
  const ways = { plain: {}, reshaped: { select: '' }, 'on a condition': { when: true } };
  const cases = ends.flatMap(([end, ...rest]) =>
    Object.entries(ways).map(([way, modifiers]) => [end, way, ...rest, modifiers] as const),
  );

  it.each(cases)('since it %s, has taken no time: %s', async (_end, _way, code, others, limits, modifiers) => {
    const group = { pattern: 'kv', queries: { ...others, waiting: from('/slow/*', modifiers) } };
    const { results } = JSON.parse(await answer('kv', { queries: { group } }, { limits })) as {
      results: { group: { replies: { waiting: object } } };
    };
    expect(results.group.replies.waiting).toMatchObject({ status: 'error', error: { code } });
    expect((results.group.replies.waiting as { ms: number }).ms).toBeLessThan(15);
  });
});

describe('$result', () => {
  it("reads another query's value, whole or in part", async () => {
    const queries = {
      user: q({ value: { name: 'Ada', at: ['x', 'y'] }, ms: 3 }),
      whole: from('/user'),
      name: from('/user/name'),
      second: from('/user/at/1'),
    };
    expect(await values(queries)).toMatchObject({ whole: { name: 'Ada', at: ['x', 'y'] }, name: 'Ada', second: 'y' });
  });

  it('stands anywhere inside params, any number of times', async () => {
    const queries = {
      a: q({ value: 1 }),
      b: q({ value: 2 }),
      c: q({ value: { deep: [result('/a'), { x: result('/b') }, result('/a')] } }),
    };
    expect(await values(queries)).toMatchObject({ c: { deep: [1, { x: 2 }, 1] } });
  });

  it('a false or null value is a value', async () => {
    expect(
      await values({
        a: q({ value: null }),
        b: q({ value: { x: null, y: false } }),
        c: from('/a'),
        d: from('/b/x'),
        e: from('/b/y'),
      }),
    ).toMatchObject({ c: null, d: null, e: false });
  });

  describe("to a store's undefined, which an answer shows as null,", () => {
    const old = q({ value: { $verbatim: { old: undefined } } });
    const selected = q({ value: { $verbatim: { old: undefined } } }, { select: '/old' });
    const race = { pattern: 'first-reply', take: 1, queries: [selected] };
    const each = q({ value: { $verbatim: { old: undefined } } }, { forEach: [1], select: '/old' });

    it.each([
      ['in a document', old, '/a/old'],
      ['selected', selected, '/a'],
      ['of the winner of a race', race, '/a'],
      ['of an item', each, '/a/0'],
    ])('is a value: %s', async (_, a, pointer) => {
      const queries = {
        a,
        whole: from(pointer),
        part: q({ value: { x: [result(pointer)] } }),
        shaped: q({ value: 1 }, { select: result(pointer) }),
        equal: q({ value: 1 }, { when: { equals: [result(pointer), null] } }),
        held: q({ value: 1 }, { when: result(pointer) }),
        among: q({ value: 1 }, { when: { in: [null, [1, result(pointer)]] } }),
        listed: q({ value: 1 }, { when: { in: [1, result(pointer)] } }),
        inside: from(`${pointer}/x`),
        joined: q({ value: { $join: [result(pointer)] } }),
        over: q({ value: 1 }, { forEach: result(pointer) }),
      };
      const { results } = (await ask('kv', { queries })) as { results: object };
      expect(results).toHaveProperty('listed', { status: 'skipped' });
      expect(results).toMatchObject({
        whole: { status: 'ok', value: null },
        part: { value: { x: [null] } },
        shaped: { value: null },
        equal: { value: 1 },
        held: { status: 'skipped' },
        among: { value: 1 },
        inside: FAILED,
        joined: { error: { code: 'INVALID' } },
        over: { error: { code: 'INVALID' } },
      });
    });

    it('is a member of what * goes over', async () => {
      const queries = { a: old, b: each, c: from('/b/*'), d: q({ value: { $verbatim: [{ x: undefined }] } }) };
      expect(await values({ ...queries, e: from('/d/*/x') })).toMatchObject({ b: [null], c: [null], e: [null] });
    });

    it('is nothing that is found', async () => {
      expect(await ask('kv', { queries: { a: { ...race, accept: 'found' } } })).toMatchObject({
        results: { a: { error: { code: 'NOT_FOUND' } } },
      });
    });
  });

  it('writes "/" as ~1 and "~" as ~0, in names and in values', async () => {
    expect(await values({ 'a/b~': q({ value: { 'c/d~': 1 } }), c: from('/a~1b~0/c~1d~0') })).toMatchObject({ c: 1 });
  });

  it('finds keys such as __proto__ and constructor only where they are', async () => {
    const queries = JSON.parse(
      '{"__proto__":{"source":"sim","op":"get","params":{"value":{"a":1}}},"b":{"source":"sim","op":"get","params":{"value":{"$result":"/__proto__/a"}}}}',
    ) as object;
    expect(await values(queries)).toMatchObject({ b: 1 });
    expect(await ask('kv', { queries: { a: q({ value: {} }), b: from('/a/constructor') } })).toMatchObject({
      results: { b: FAILED },
    });
    expect(faults('kv', { queries: { b: from('/constructor') } })).toHaveProperty(['#/queries/b/params/value']);
  });

  it('reads after select and default', async () => {
    const queries = {
      a: q({ value: { x: { y: 1 } } }, { select: '/x' }),
      b: q({ fail: 'TIMEOUT' }, { default: { z: 2 } }),
      c: from('/a/y'),
      d: from('/b/z'),
    };
    expect(await values(queries)).toMatchObject({ c: 1, d: 2 });
  });

  it('reads a hidden query as if it were not hidden, alone and in a group', async () => {
    const queries = {
      a: q({ value: 1 }, { hidden: true }),
      g: { pattern: 'kv', queries: { x: q({ value: 2 }, { hidden: true }), y: q({ value: 3 }) } },
      b: from('/a'),
      c: from('/g'),
      d: from('/g/x'),
    };
    expect(await values(queries)).toEqual({ a: null, g: { x: null, y: 3 }, b: 1, c: { x: 2, y: 3 }, d: 2 });
  });

  it('keeps the types of a store from query to query', async () => {
    const id = new ObjectId('665f00000000000000000001');
    const value = { id, at: new Date(0), n: Long.fromString('9007199254740993'), d: Decimal128.fromString('1.10') };
    const { root } = start('kv', {
      queries: { a: q({ value: { $verbatim: value } }), b: from('/a/id'), c: from('/a') },
    });
    const members = (await root.reply).list?.members;
    expect(members?.[1]?.reply.value?.value).toBe(id);
    expect(members?.[2]?.reply.value?.value).toMatchObject({ id, at: new Date(0) });
    expect(members?.[2]?.reply.value?.json).toBe(
      '{"id":"665f00000000000000000001","at":"1970-01-01T00:00:00.000Z","n":"9007199254740993","d":"1.10"}',
    );
  });

  it('is never looked for inside the value of a store', async () => {
    const { root } = start('kv', {
      queries: { b: q({ value: { $verbatim: { $result: '/nobody' } } }), c: from('/b') },
    });
    expect((await root.reply).list?.members[1]?.reply.value?.value).toEqual({ $result: '/nobody' });
  });
});

describe('names', () => {
  it('are looked for in the own group first, then in those around it', async () => {
    const queries = {
      a: q({ value: 'outer' }),
      b: q({ value: 'only outside' }),
      g: {
        pattern: 'kv',
        queries: {
          a: q({ value: 'inner' }),
          c: from('/a'),
          d: from('/b'),
          h: { pattern: 'ordered', queries: [from('/a')] },
        },
      },
    };
    expect(await values(queries)).toMatchObject({ g: { c: 'inner', d: 'only outside', h: ['inner'] } });
  });

  it('are, in a list, the literal as, else the index', async () => {
    const queries = [q({ value: 'zero' }), q({ value: 'one' }, { as: 'first' }), from('/0'), from('/first')];
    expect(await ask('ordered', { shape: 'values', queries })).toEqual(['zero', 'one', 'zero', 'one']);
    expect(faults('ordered', { queries: [q({}, { as: 'a' }), from('/0')] })).toHaveProperty([
      '#/queries/1/params/value',
    ]);
  });

  it('may be numbers that look like an index but are an as', async () => {
    expect(await ask('ordered', { shape: 'values', queries: [q({ value: 'a' }, { as: '7' }), from('/7')] })).toEqual([
      'a',
      'a',
    ]);
  });

  it('below the first step are positions, whatever the as', async () => {
    const g = { pattern: 'ordered', queries: [q({ value: 'x' }, { as: 'n' }), q({ value: 'y' })] };
    expect(await ask('kv', { queries: { g, a: from('/g/0'), b: from('/g/n') } })).toMatchObject({
      results: { a: { value: 'x' }, b: FAILED },
    });
  });

  it.each([
    [
      'the own and those around it, the nearest first',
      { a: q(), g: { pattern: 'kv', queries: { b: q(), c: from('/x') } } },
      '/g/queries/c',
      'b, a',
    ],
    ['none that is not there', { c: from('/x') }, '/c', 'none'],
    [
      'not one that hides another in vain',
      { a: q(), g: { pattern: 'ordered', queries: [q({}, { as: 'a' }), q({}, { as: 'a' }), from('/x')] } },
      '/g/queries/2',
      'none',
    ],
    [
      'what is hidden from the answer, but nothing that streams',
      { a: q({}, { hidden: true }), b: q({}, { stream: true }), c: from('/x') },
      '/c',
      'a',
    ],
  ])('that a reference may bear are told: %s', (_what, queries, at, names) => {
    const told = `no query of this group, or of a group around it, bears this name; allowed here: ${names}`;
    const simulation = simulate();
    const streaming = { ...simulation, source: { ...simulation.source, streams: () => 'items' as const } };
    expect(faults('kv', { queries }, { simulation: streaming })).toEqual({ [`#/queries${at}/params/value`]: told });
  });

  it('that are very many are not all told', () => {
    const many = Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`query${at}`, q()]));
    const [told] = Object.values(faults('kv', { queries: { ...many, c: from('/x') } }));
    expect(told).toMatch(/; allowed here: query0, (?:query\d+, )+query\d+ and \d+ more$/);
    expect(told!.length).toBeLessThanOrEqual(512);
  });

  it('may be doubled while nobody names them', async () => {
    const twice = [q({ value: 1 }, { as: 'a' }), q({ value: 2 }, { as: 'a' })];
    expect(await ask('ordered', { shape: 'values', queries: twice })).toEqual([1, 2]);
    expect(faults('ordered', { queries: [...twice, from('/a')] })).toEqual({
      '#/queries/2/params/value': 'two queries bear this name',
    });
  });

  it('an as equal to the index of another query is doubled too', () => {
    expect(faults('ordered', { queries: [q({}, { as: '1' }), q(), from('/1')] })).toHaveProperty([
      '#/queries/2/params/value',
    ]);
  });
});

describe('waiting', () => {
  it('for one query in very many places takes no longer than it must', { timeout: 30_000 }, async () => {
    const places = Array.from({ length: 30_000 }, () => result('/a'));
    const queries = { a: q({ value: 1, ms: 10 }), b: q({ value: places }, { select: '/29999' }) };
    expect(await ask('kv', { queries }, { timeoutMs: 5000 })).toMatchObject({ results: { b: { value: 1 } } });
  });

  it('a chain of fast queries overtakes a slow sibling', async () => {
    const simulation = simulate();
    const queries = {
      slow: q({ id: 'slow', ms: 40 }),
      a: q({ id: 'a', value: 1 }),
      b: q({ id: 'b', value: result('/a') }),
      c: q({ id: 'c', value: result('/b') }),
    };
    await values(queries, { simulation });
    expect(simulation.finished).toEqual(['a', 'b', 'c', 'slow']);
  });

  it('a reference to one item waits for that item alone, one to all for all', async () => {
    const simulation = simulate();
    const queries = {
      list: q({ value: [30, 2, 1] }),
      photos: {
        ...q({ id: { $join: ['photo', { $item: '' }] }, value: { $item: '' }, ms: { $item: '' } }),
        forEach: result('/list'),
      },
      one: q({ id: 'one', value: result('/photos/2') }),
      all: q({ id: 'all', value: result('/photos') }),
    };
    expect(await values(queries, { simulation })).toMatchObject({ one: 1, all: [30, 2, 1] });
    expect(simulation.started.indexOf('one')).toBeLessThan(simulation.started.indexOf('all'));
    expect(simulation.finished.indexOf('one')).toBeLessThan(simulation.finished.indexOf('photo30'));
  });

  it('a reference to one member of a group does not wait for the others', async () => {
    const simulation = simulate();
    for (const pattern of ['kv', 'ordered'] as const) {
      const [fast, slow] = [q({ value: 1 }), q({ id: pattern, stall: true })];
      const queries = pattern === 'kv' ? { fast, slow } : [fast, slow];
      const body = {
        queries: {
          g: { pattern, queries },
          a: q({ id: `${pattern} read`, value: result(pattern === 'kv' ? '/g/fast' : '/g/0') }),
        },
      };
      const client = new AbortController();
      const { root } = start('kv', body, { simulation, signal: client.signal });
      await vi.waitFor(() => expect(simulation.finished).toContain(`${pattern} read`));
      client.abort();
      await root.reply;
      expect(simulation.finished).not.toContain(pattern);
    }
  });

  it('a position in a first-reply is an order of arrival', async () => {
    const g = { pattern: 'first-reply', queries: [q({ value: 'late', ms: 20 }), q({ value: 'early' })] };
    expect(await values({ g, a: from('/g/0'), b: from('/g/1'), c: from('/g') })).toMatchObject({
      a: 'early',
      b: 'late',
      c: ['early', 'late'],
    });
  });

  it('a position in a first-reply with take is among its successes', async () => {
    const g = {
      pattern: 'first-reply',
      take: 2,
      queries: [q({ fail: 'TIMEOUT' }), q({ value: 1, ms: 5 }), q({ value: 2, ms: 15 })],
    };
    expect(await values({ g, a: from('/g/0'), b: from('/g/1') })).toMatchObject({ a: 1, b: 2 });
  });

  it('a query whose deadline passes while it waits is skipped, what it waited for failed', async () => {
    expect(await ask('kv', { timeoutMs: 20, queries: { a: q({ stall: true }), b: from('/a') } })).toMatchObject({
      results: {
        a: { status: 'error', error: { code: 'TIMEOUT' } },
        b: { ...FAILED, error: { dependsOn: ['a'], retryable: true } },
      },
    });
  });
});

describe('*', () => {
  it('goes over lists, flattens what the rest leads to, and passes over members where it leads nowhere', async () => {
    const value = [{ sku: 1 }, { other: 0 }, { sku: [2, 3] }, { sku: null }, 4];
    expect(await values({ a: q({ value }), b: from('/a/*/sku') })).toMatchObject({ b: [1, 2, 3, null] });
  });

  it('is a key in an object', async () => {
    expect(
      await ask('kv', {
        queries: { a: q({ value: { '*': 1 } }), b: from('/a/*'), c: q({ value: { x: 1 } }), d: from('/c/*') },
      }),
    ).toMatchObject({ results: { b: { value: 1 }, d: FAILED } });
  });

  it('goes over the members of a group and the items of a forEach, and passes over those without a value', async () => {
    const queries = {
      g: {
        pattern: 'ordered',
        queries: [q({ value: { x: 1 } }), q({ fail: 'NOT_FOUND' }), q({ value: { x: 3 } }), q({}, { when: false })],
      },
      e: { ...q({ value: { x: { $item: '' } } }), forEach: result('/list'), when: { in: [{ $item: '' }, [5, 7]] } },
      list: q({ value: [5, 6, 7] }),
      a: from('/g/*/x'),
      b: from('/e/*/x'),
    };
    expect(await values(queries)).toMatchObject({ a: [1, 3], b: [5, 7] });
  });

  it('goes over a first-reply in order of arrival', async () => {
    const queries = {
      replies: { pattern: 'first-reply', queries: [q({ value: 'slow', ms: 30 }), q({ value: 'fast' })] },
      all: from('/replies/*'),
    };
    expect(await values(queries)).toMatchObject({ all: ['fast', 'slow'] });
  });

  it('over failures alone fails as they did', async () => {
    const queries = {
      list: q({ value: [1, 2] }),
      each: q({ fail: 'TIMEOUT' }, { forEach: result('/list') }),
      all: from('/each/*'),
      again: q({}, { forEach: result('/each/*/x') }),
    };
    const failed = { ...FAILED, error: { code: 'DEPENDENCY_FAILED', retryable: true, dependsOn: ['each'] } };
    expect(await ask('kv', { queries })).toMatchObject({ results: { all: failed, again: failed } });
  });

  it.each([
    ['a forEach', q({ value: { $item: '' } }, { forEach: [1, 2], when: true })],
    ['a forEach of which some failed', q({ fail: { $item: '/f' } }, { forEach: [{ f: 'NOT_FOUND' }, { f: null }] })],
    ['a group of which some failed', { pattern: 'ordered', queries: [q({ fail: 'NOT_FOUND' }), q({ value: {} })] }],
    [
      'a first-reply of which some failed',
      { pattern: 'first-reply', queries: [q({ fail: 'NOT_FOUND' }), q({ value: 1, ms: 10 })] },
    ],
  ])('over %s, leading nowhere in all that succeeded, is an empty list', async (_, e) => {
    // Once while it runs, once when it is there.
    const queries = { e, early: from('/e/*/no'), all: q({ value: { $result: '/e' } }), late: from('/e/*/no') };
    const late = { ...queries.late, when: { in: [1, [1, result('/all')]] } };
    expect(await values({ ...queries, late })).toMatchObject({ early: [], late: [] });
  });

  it('over nothing is an empty list', async () => {
    expect(
      await values({ a: q({ value: [] }), b: from('/a/*/x'), g: { pattern: 'ordered', queries: [] }, c: from('/g/*') }),
    ).toMatchObject({ b: [], c: [] });
  });
});

describe('$item', () => {
  it('is the whole item with "", a part of it with a pointer', async () => {
    const queries = {
      a: q({ value: [{ n: 1 }, { n: 2 }] }),
      b: { ...q({ value: [{ $item: '' }, { $item: '/n' }] }), forEach: result('/a') },
    };
    expect(await values(queries)).toMatchObject({
      b: [
        [{ n: 1 }, 1],
        [{ n: 2 }, 2],
      ],
    });
  });

  it('stands only below a forEach', () => {
    expect(
      faults('kv', { queries: { a: q({ value: { $item: '' } }), b: { ...q(), forEach: { $item: '' } } } }),
    ).toEqual({
      '#/queries/a/params/value': '$item stands only below a forEach',
      '#/queries/b/forEach': '$item stands only below a forEach',
    });
  });

  it('that leads nowhere skips the item, and names no query', async () => {
    const queries = { a: q({ value: [{ n: 1 }, {}] }), b: { ...q({ value: { $item: '/n' } }), forEach: result('/a') } };
    const { results } = (await ask('kv', { queries })) as { results: { b: { replies: { error: object }[] } } };
    expect(results).toMatchObject({ b: { status: 'partial', replies: [{ status: 'ok' }, FAILED] } });
    expect(results.b.replies[1]?.error).not.toHaveProperty('dependsOn');
  });
});

describe('$join', () => {
  const joined = (value: unknown, ...parts: unknown[]) =>
    values({ a: q({ value: { $verbatim: value } }), b: q({ value: { $join: parts } }) });

  it('makes one string of strings, numbers, booleans, ids and dates', async () => {
    const value = [
      new ObjectId('665f00000000000000000001'),
      new Date(0),
      Long.fromString('9007199254740993'),
      1.5,
      true,
      'x',
    ];
    expect(
      await joined(value, 'k/', 7, false, ...value.flatMap((_, index) => ['|', result(`/a/${index}`)])),
    ).toMatchObject({
      b: 'k/7false|665f00000000000000000001|1970-01-01T00:00:00.000Z|9007199254740993|1.5|true|x',
    });
  });

  it.each([0, -0, 1.5, 1e21, 1e-7, true, 'x'])('makes the same of %s written out and referred to', async (it) => {
    expect(await joined(it, '<', it, '|', it)).toEqual(await joined(it, '<', result('/a'), '|', result('/a')));
  });

  it("puts commas between a list's members; of nothing it is empty", async () => {
    expect(await joined([1, 'two', false], '[', result('/a'), ']')).toMatchObject({ b: '[1,two,false]' });
    expect(await joined([], '[', result('/a'), ']')).toMatchObject({ b: '[]' });
    expect(await joined(0)).toMatchObject({ b: '' });
  });

  it('of anything else is INVALID', async () => {
    for (const value of [null, {}, [[1]], [null]]) {
      const queries = { a: q({ value }), b: q({ value: { $join: [result('/a')] } }) };
      expect(await ask('kv', { queries }), JSON.stringify(value)).toMatchObject({
        results: { b: { status: 'error', error: { code: 'INVALID' } } },
      });
    }
  });

  it('counts against the answer wherever it stands, before it is made', async () => {
    const long = { $join: Array.from({ length: 5 }, () => result('/a')) };
    const a = q({ value: 'x'.repeat(30) });
    for (const b of [q({ v: long }), q({}, { when: long }), q({}, { select: { x: long } }), q({}, { as: long })])
      expect(await ask('kv', { queries: { a, b } }, { limits: { answerBytes: 150 } })).toMatchObject({
        results: { a: { status: 'ok' }, b: { status: 'error', error: { code: 'TOO_LARGE' } } },
      });
  });

  it('of many characters is as much work, and of wide ones as many bytes as they take', async () => {
    const ofTen = { $join: Array.from({ length: 10 }, () => result('/a')) };
    for (const b of [q({ v: ofTen }), q({}, { unless: ofTen }), q({}, { select: { x: ofTen } })]) {
      const code = async (character: string, limits: object) => {
        const queries = { a: q({ value: character.repeat(6400) }), b };
        const { results } = (await ask('kv', { queries }, { limits })) as { results: { b: { error?: object } } };
        return results.b.error;
      };
      expect(await code('x', { work: 5000, answerBytes: 500_000 })).toBeUndefined();
      expect(await code('x', { work: 1000, answerBytes: 500_000 })).toMatchObject({ code: 'TOO_LARGE' });
      expect(await code('x', { work: 50_000, answerBytes: 160_000 })).toBeUndefined();
      expect(await code('\u6f22', { work: 50_000, answerBytes: 160_000 })).toMatchObject({ code: 'TOO_LARGE' });
    }
  });

  it.each([1, 16_383, 16_384, 16_385, 50_000])(
    'of a list of %i members is the same as of them one by one',
    async (of) => {
      const members = Array.from({ length: of }, (_, at) => (at % 3 === 0 ? '' : 'x'));
      expect(await joined(members, result('/a'))).toMatchObject({ b: members.join(',') });
    },
  );

  it('may hold a $join', async () => {
    expect(await joined('x', 'a', { $join: ['b', result('/a')] })).toMatchObject({ b: 'abx' });
  });

  it('takes a list of strings, numbers, booleans and references alone', () => {
    for (const [argument, pointer] of [
      ['x', '/$join'],
      [{ a: 1 }, '/$join'],
      [[null], '/$join/0'],
      [['a', {}], '/$join/1'],
      [[[1]], '/$join/0'],
    ] as const) {
      expect(
        Object.keys(faults('kv', { queries: { a: q({ value: { $join: argument } }) } })),
        JSON.stringify(argument),
      ).toEqual([`#/queries/a/params/value${pointer}`]);
    }
  });
});

describe('$verbatim', () => {
  it('is what it holds, nothing in it read as a reference', async () => {
    const inside = { $result: '/nobody', deep: [{ $item: '' }, { $verbatim: 1 }] };
    expect(await values({ a: q({ value: { $verbatim: inside } }) })).toEqual({ a: inside });
  });
});

describe('a reference that cannot be had', () => {
  it('to a failed query skips: DEPENDENCY_FAILED, as retryable as its cause, along a chain', async () => {
    const queries = {
      a: q({ fail: 'UNAVAILABLE' }),
      b: q({ fail: 'FORBIDDEN' }),
      c: from('/a'),
      d: from('/b'),
      e: from('/c'),
    };
    const dependent = (retryable: boolean, name: string) => ({
      status: 'skipped',
      error: {
        code: 'DEPENDENCY_FAILED',
        message: 'a query that this one refers to failed',
        retryable,
        dependsOn: [name],
      },
    });
    expect(await ask('kv', { queries })).toMatchObject({
      complete: false,
      results: { c: dependent(true, 'a'), d: dependent(false, 'b'), e: dependent(true, 'c') },
    });
  });

  it('answers the HTTP status of its cause; 422 where a pointer led nowhere', async () => {
    const httpOf = async (queries: object): Promise<number | undefined> => {
      const { batch, root } = start('kv', { queries });
      await root.reply;
      return batch.decidedBy?.error.http;
    };
    expect(await httpOf({ a: q({ fail: 'TIMEOUT' }), b: from('/a', { required: true }) })).toBe(504);
    expect(await httpOf({ a: q({ fail: 'TIMEOUT' }), b: from('/a'), c: from('/b', { required: true }) })).toBe(504);
    expect(await httpOf({ a: q({ value: {} }), b: from('/a/x', { required: true }) })).toBe(422);
  });

  it('names each query once', async () => {
    const queries = {
      a: q({ fail: 'INVALID' }),
      b: q({ fail: 'TIMEOUT' }),
      c: q({ value: [result('/a'), result('/b/x'), result('/a/y')] }),
    };
    expect(await ask('kv', { queries })).toMatchObject({ results: { c: { error: { dependsOn: ['a', 'b'] } } } });
  });

  it('whose pointer leads nowhere skips likewise, not retryable', async () => {
    const queries = {
      a: q({ value: { x: [1], s: 'text' } }),
      b: from('/a/y'),
      c: from('/a/x/1'),
      d: from('/a/x/01'),
      e: from('/a/s/0'),
      f: from('/a/x/-'),
    };
    const { results } = (await ask('kv', { queries })) as { results: object };
    for (const name of ['b', 'c', 'd', 'e', 'f'])
      expect(results, name).toMatchObject({ [name]: { ...FAILED, error: { retryable: false, dependsOn: ['a'] } } });
  });

  const long = `/a/${'x'.repeat(300)}`;
  it.each([
    [{ $result: '/a/x/~0~1é/*/0' }, '$result /a/x/~0~1é/*/0'],
    [{ $meta: '/a/etag' }, '$meta /a/etag'],
    [{ $item: '/sku' }, '$item /sku'],
    [{ $join: ['a', { $result: '/a/y' }] }, '$result /a/y'],
    [{ $result: long }, `$result ${long.slice(0, 199)}…`],
    [{ $result: `/a/${'x'.repeat(195)}😀😀` }, `$result /a/${'x'.repeat(195)}…`],
  ])('whose pointer leads nowhere is named as it was written, if not at any length: %j', async (reference, written) => {
    const queries = { a: q({ value: { x: [1] } }), b: q({ value: reference }, { forEach: [{}] }) };
    const failed = { error: { message: `a reference leads nowhere: ${written}` } };
    expect(await ask('kv', { queries })).toMatchObject({ results: { b: { replies: [failed] } } });
  });

  it('of a saved batch is not named: who asks has not written it', async () => {
    const queries = { a: q({ value: {} }), b: from('/a/y') };
    expect(await ask('kv', { queries }, { claims: {}, params: {} })).toMatchObject({
      results: { b: { error: { message: 'a reference leads nowhere', dependsOn: ['a'] } } },
    });
  });

  it('to a query skipped by choice is skipped without an error, and so on', async () => {
    const queries = {
      a: q({}, { when: false }),
      b: from('/a'),
      c: from('/b'),
      d: q({ value: result('/c') }, { default: 1 }),
    };
    expect(await ask('kv', { queries })).toEqual({
      complete: true,
      results: {
        a: { status: 'skipped' },
        b: { status: 'skipped' },
        c: { status: 'skipped' },
        d: { status: 'skipped' },
      },
    });
  });

  it('to a failed member of a partial group fails; the whole of it can be read, failed members null', async () => {
    const g = { pattern: 'kv', queries: { x: q({ value: 1 }), y: q({ fail: 'NOT_FOUND' }) } };
    expect(await ask('kv', { queries: { g, a: from('/g'), b: from('/g/y'), c: from('/g/z') } })).toMatchObject({
      results: {
        g: { status: 'partial' },
        a: { status: 'ok', value: { x: 1, y: null } },
        b: { ...FAILED, error: { dependsOn: ['g'] } },
        c: FAILED,
      },
    });
  });

  it('to a failed member of a partial group fails also where the group has a default', async () => {
    const group = { pattern: 'kv', default: 0, queries: { a: q({ value: 1 }), b: q({ fail: 'TIMEOUT' }) } };
    const queries = { group, a: from('/group/a'), b: from('/group/b') };
    const cause = { code: 'DEPENDENCY_FAILED', retryable: true };
    expect(await ask('kv', { queries })).toMatchObject({
      results: { a: { status: 'ok', value: 1 }, b: { status: 'skipped', error: cause } },
    });
  });

  it('into a failed group looks for the part alone, whether or not a default is around', async () => {
    const failing = { pattern: 'kv', queries: { a: q({ fail: 'TIMEOUT' }) } };
    const around = { pattern: 'ordered', queries: [failing, q({ value: { b: 1 } })] };
    const parts = { one: from('/around/0/b'), all: from('/around/*/b'), failed: from('/around/0/a') };
    const plain = await ask('kv', { queries: { around, ...parts } });
    expect(plain).toMatchObject({ results: { all: { value: [1] }, failed: { error: { retryable: true } } } });
    expect(plain).toMatchObject({ results: { one: { error: { retryable: false } } } });
    expect(await ask('kv', { queries: { around: { ...around, default: 0 }, ...parts } })).toEqual(plain);
  });

  it('to a place in a first-reply that failed before it was filled fails as the group did', async () => {
    const group = { pattern: 'first-reply', queries: [q({ fail: 'TIMEOUT' }, { required: true }), q({ stall: true })] };
    const queries = { group, second: from('/group/1'), shaped: q({}, { select: { x: result('/group/1') } }) };
    const failed = { status: 'skipped', error: { code: 'DEPENDENCY_FAILED', retryable: true } };
    expect(await ask('kv', { queries })).toMatchObject({ results: { second: failed, shaped: failed } });
  });

  it.each(['kv', 'ordered', 'first-reply'])(
    'to what was given up because its group, a %s, failed fails as the group did, whenever it is read',
    async (pattern) => {
      const members = [q({ fail: 'TIMEOUT' }, { required: true }), q({ stall: true })];
      const group = { pattern, queries: pattern === 'kv' ? Object.fromEntries(members.entries()) : members };
      const late = q({ value: 1, ms: 20 });
      const queries = {
        outer: { pattern: 'kv', queries: { group } },
        late,
        soon: from('/outer/group/1'),
        later: { ...(from('/outer/group/1') as object), when: result('/late') },
        list: from('/outer/group/1'),
      };
      const failed = { status: 'skipped', error: { code: 'DEPENDENCY_FAILED', retryable: true } };
      expect(await ask('kv', { queries })).toMatchObject({ results: { soon: failed, later: failed, list: failed } });
    },
  );

  it('in when, unless and select is null where it leads nowhere, but a failure still skips', async () => {
    const queries = {
      a: q({ value: {} }),
      b: q({ value: 1 }, { when: result('/a/x') }),
      c: q({ value: 1 }, { unless: result('/a/x') }),
      d: q({ value: 1 }, { select: { x: result('/a/x'), one: '' } }),
      e: q({ fail: 'TIMEOUT' }),
      f: q({ value: 1 }, { when: result('/e') }),
      g: q({ value: 1 }, { unless: result('/e/x') }),
      h: q({ value: 1 }, { select: { x: result('/e') } }),
    };
    expect(await ask('kv', { queries })).toMatchObject({
      results: {
        b: { status: 'skipped' },
        c: { status: 'ok', value: 1 },
        d: { value: { x: null, one: 1 } },
        f: FAILED,
        g: FAILED,
        h: FAILED,
      },
    });
  });
});
