import { describe, expect, it } from 'vitest';
import type { Pattern } from '../../src/batch/plan/node.ts';
import type { BadRequest } from '../../src/json/fault-list.ts';
import { faults, q, simulate, start } from './simulated.ts';

const pointers = (queries: unknown, asking = {}): string[] =>
  Object.keys(faults(Array.isArray(queries) ? 'ordered' : 'kv', { queries }, asking)).toSorted();
const from = (pointer: string, modifiers = {}) => q({ value: { $result: pointer } }, modifiers);
const nested = (depth: number): object => (depth === 0 ? q() : { pattern: 'ordered', queries: [nested(depth - 1)] });
const many = (count: number): object[] => Array.from({ length: count }, () => q());

describe('fields', () => {
  it('unknown ones are a fault where they stand, on every level', () => {
    expect(Object.keys(faults('kv', { queries: {}, extra: 1, take: 1 })).toSorted()).toEqual(['#/extra', '#/take']);
    expect(
      pointers({ a: q({}, { typo: 1, take: 1 }), 'b/c': { pattern: 'kv', queries: {}, source: 'sim', stream: true } }),
    ).toEqual(['#/queries/a/take', '#/queries/a/typo', '#/queries/b~1c/source', '#/queries/b~1c/stream']);
  });

  it('__proto__ is an unknown field too', () => {
    const parse = (text: string): unknown => JSON.parse(text);
    expect(faults('kv', parse('{"queries":{},"__proto__":{}}'))).toEqual({
      '#/__proto__': 'unknown field; allowed here: queries, timeoutMs, onError, shape, filename, trace',
    });
    expect(pointers(parse('{"a":{"source":"sim","op":"get","__proto__":{"x":1},"constructor":1}}'))).toEqual([
      '#/queries/a/__proto__',
      '#/queries/a/constructor',
    ]);
  });

  it('of the wrong kind are a fault', () => {
    const wrong = {
      required: 1,
      hidden: 'x',
      timeoutMs: 0,
      accept: 'some',
      select: 3,
      as: 4,
      concurrency: 0,
      stream: 'yes',
      params: [],
    };
    for (const [field, value] of Object.entries(wrong))
      expect(pointers({ a: q({}, { forEach: { $result: '/b' }, [field]: value }), b: q() }), field).toContain(
        `#/queries/a/${field}`,
      );
    expect(
      Object.keys(faults('kv', { queries: {}, onError: 'x', shape: 1, timeoutMs: 1.5, filename: '' })).toSorted(),
    ).toEqual(['#/filename', '#/onError', '#/shape', '#/timeoutMs']);
  });

  it('queries is an object under kv, a list else', () => {
    expect(Object.keys(faults('kv', { queries: [] }))).toEqual(['#/queries']);
    expect(Object.keys(faults('ordered', { queries: {} }))).toEqual(['#/queries']);
    expect(Object.keys(faults('first-reply', {}))).toEqual(['#/queries']);
    expect(
      pointers({
        a: { pattern: 'ordered', queries: {} },
        b: { pattern: 'kv', queries: null },
        c: { pattern: 'nope', queries: [] },
      }),
    ).toEqual(['#/queries/a/queries', '#/queries/b/queries', '#/queries/c/pattern']);
  });

  it('a body or a query that is no object is a fault', () => {
    for (const body of [null, 1, 'x', []])
      expect(Object.keys(faults('kv', body)), JSON.stringify(body)).not.toEqual([]);
    for (const query of [null, 1, 'x', []]) expect(pointers([query]), JSON.stringify(query)).toContain('#/queries/0');
  });

  it('several faults are named at once, at most 100', () => {
    expect(
      pointers({
        a: q({}, { x: 1 }),
        b: from('/nobody'),
        c: { source: 'nope', op: 'get' },
        d: { source: 'sim', op: 'drop' },
      }),
    ).toEqual(['#/queries/a/x', '#/queries/b/params/value', '#/queries/c/source', '#/queries/d/op']);
    expect(pointers(Array.from({ length: 150 }, () => q({}, { x: 1 })))).toHaveLength(100);
  });

  it('each is named once, and nothing is said of what it leaves open', () => {
    const named = (pattern: Pattern, body: unknown): string[] => {
      try {
        start(pattern, body as object);
        return [];
      } catch (error) {
        return (error as BadRequest).errors.map(({ pointer }) => pointer);
      }
    };
    for (const body of [null, [], 'x', 1]) expect(named('kv', body)).toEqual(['#']);
    expect(named('kv', {})).toEqual(['#/queries']);
    expect(named('ordered', { queries: [], hedgeMs: 5 })).toEqual(['#/hedgeMs']);
    for (const query of [null, [], 'x', 1]) expect(named('kv', { queries: { a: query } })).toEqual(['#/queries/a']);
    for (const [field, value] of Object.entries({ as: 4, forEach: 'x', select: 3, params: 5 }))
      expect(named('kv', { queries: { a: q({}, { [field]: value }) } }), field).toEqual([`#/queries/a/${field}`]);
    const item = { $item: '' };
    expect(named('kv', { queries: { a: q({ v: item }, { forEach: 5, concurrency: 2 }) } })).toEqual([
      '#/queries/a/forEach',
    ]);
    const group = { pattern: 'nope', take: 1, queries: [q({}, { x: 1 })] };
    expect(named('kv', { queries: { group } })).toEqual(['#/queries/group/pattern', '#/queries/group/queries/0/x']);
  });

  it('a timeoutMs may be as long as one likes', () => {
    expect(faults('kv', { timeoutMs: 9e15, queries: { a: q({}, { timeoutMs: 9e15 }) } })).toEqual({});
  });

  it("a source's own faults stand where its params do, and no value of the request is repeated", () => {
    expect(faults('kv', { queries: { a: q({ refuse: 'secret-value' }) } })).toEqual({
      '#/queries/a/params/refuse': 'not allowed',
    });
    expect(
      JSON.stringify(
        faults('kv', { queries: { a: { source: 'secret-value', op: 'get' }, b: from('/secret-value') } }),
      ).replaceAll('/secret-value', ''),
    ).not.toContain('secret-value');
  });
});

describe('where references stand', () => {
  it('not in default, nor for required, timeoutMs, source, op, params as a whole', () => {
    const reference = { $result: '/a' };
    for (const field of [
      'default',
      'timeoutMs',
      'source',
      'op',
      'params',
      'required',
      'hidden',
      'accept',
      'concurrency',
    ])
      expect(pointers({ a: q(), b: q({}, { [field]: reference }) }), field).toContain(`#/queries/b/${field}`);
    for (const one of [reference, { $join: ['a'] }, { $join: ['a', reference] }])
      expect(pointers({ a: q(), b: q({}, { default: { deep: [one] } }), c: q({}, { default: one }) })).toEqual(
        expect.arrayContaining(['#/queries/b/default/deep/0', '#/queries/c/default']),
      );
  });

  it('a key of the four beside others is a fault, everywhere', () => {
    const odd = { $result: '/a', x: 1 };
    const verbatim = { $verbatim: 1, x: 1 };
    expect(
      pointers({
        a: q(),
        b: q({ v: odd }),
        c: q({ v: verbatim }),
        d: q({}, { when: odd }),
        e: q({}, { select: odd }),
        f: q({}, { select: { x: odd } }),
        g: q({}, { select: { '': '/x', $item: '' } }),
      }),
    ).toEqual([
      '#/queries/b/params/v/$result',
      '#/queries/c/params/v/$verbatim',
      '#/queries/d/when/$result',
      '#/queries/e/select/$result',
      '#/queries/f/select/x/$result',
      '#/queries/g/select/$item',
    ]);
  });

  it('params are an object, also when they stand in $verbatim', () => {
    expect(pointers({ a: { ...q(), params: { $verbatim: 5 } } })).toEqual(['#/queries/a/params']);
    expect(pointers({ a: { ...q(), params: { $verbatim: { value: 5 } } } })).toEqual([]);
  });

  it('an unknown or empty name, or no pointer at all, is a fault', () => {
    for (const pointer of ['/nobody', '', '/', '//x', 'a', '/a~2', 3, null, { $result: '/a' }])
      expect(pointers({ a: q(), b: q({ v: { $result: pointer } }) }), JSON.stringify(pointer)).toHaveLength(1);
  });

  it('$param is for saved batches', () => {
    expect(pointers({ a: q({ v: { $param: '/id' } }) })).toEqual(['#/queries/a/params/v/$param']);
  });

  it('a malformed condition or select is a fault', () => {
    expect(
      pointers({
        a: q({}, { when: { equals: [1] } }),
        b: q({}, { unless: { in: [1, 2] } }),
        c: q({}, { select: 'x' }),
        d: q({}, { select: { y: 1 } }),
        e: q({}, { select: { y: ['/a'] } }),
        f: q({}, { when: { in: 1 } }),
        g: q({}, { when: { in: ['a', { $join: ['a', { $result: '/h' }] }] } }),
        h: q({}, { unless: { in: ['a', { $join: ['a'] }] } }),
      }),
    ).toEqual([
      '#/queries/a/when/equals',
      '#/queries/b/unless/in/1',
      '#/queries/c/select',
      '#/queries/d/select/y',
      '#/queries/e/select/y',
      '#/queries/f/when/in',
      '#/queries/g/when/in/1',
      '#/queries/h/unless/in/1',
    ]);
  });

  const ref = { $result: '/a' };
  it.each<[string, unknown]>([
    ['two tests', { equals: [ref, 1], in: [1, [2]] }],
    ['two tests, the other way round', { in: [1, [2]], equals: [ref, 1] }],
    ['equals beside what it does not know', { equals: [ref, 1], not: true }],
    ['in beside what it does not know', { or: [], in: [ref, [2]] }],
    ['a test beside keys that look like integers', { 1: 1, in: [1, [ref]] }],
    ['a slip of the pen', { equal: [ref, 'admin'] }],
    ['a test that there is not', { not: ref }],
    ['a list of conditions', [{ equals: [ref, 1] }]],
    ['a text made of parts in an object', { x: { $join: ['a', ref] } }],
    ['a reference far within', { and: [[], { x: [{ $meta: '/a/etag' }] }] }],
    ['one beside what is verbatim', { x: { $verbatim: ref }, y: ref }],
    ['keys that look like integers', { 2: ref, 1: 1 }],
  ])('a condition that holds whatever is the case is a fault: %s', (_what, condition) => {
    const told =
      'it holds as soon as what it refers to is there; {"equals": [a, b]}, {"in": [a, list]}, a reference, or an object without one is allowed here';
    const each = q({}, { forEach: [1], when: condition });
    const group = { pattern: 'ordered', unless: condition, queries: [q({}, { unless: condition })] };
    expect(faults('kv', { queries: { a: q(), b: q({}, { when: condition }), c: each, d: group } })).toEqual({
      '#/queries/b/when': told,
      '#/queries/c/when': told,
      '#/queries/d/unless': told,
      '#/queries/d/queries/0/unless': told,
    });
  });

  it.each<[string, unknown]>([
    ['an object without references', { equals: [1, 1], in: [1, [2]] }],
    ['one that looks like half a test', { in: 5, unit: 'cm' }],
    ['a list of references', [ref, [ref]]],
    ['a text made of parts', { $join: ['a', ref] }],
    ['what is verbatim', { $verbatim: { not: ref } }],
  ])('a condition is any other value: %s', (_what, condition) => {
    expect(faults('kv', { queries: { a: q(), b: q({}, { when: condition, unless: condition }) } })).toEqual({});
  });

  it('what is wrong with the references of such a condition is told, too', () => {
    const stray = { $item: '' };
    const told = Object.keys(
      faults('kv', { queries: { a: q({}, { when: { equals: [stray, 1], x: { $param: '/x' } } }) } }),
    );
    expect(told.toSorted()).toEqual(['#/queries/a/when', '#/queries/a/when/equals/0', '#/queries/a/when/x/$param']);
  });

  it('not into a name in a sibling group', () => {
    expect(pointers({ g: { pattern: 'kv', queries: { x: q() } }, a: from('/x') })).toEqual([
      '#/queries/a/params/value',
    ]);
  });
});

describe('cycles', () => {
  const cyclic = (queries: unknown) => expect(pointers(queries).length).toBeGreaterThan(0);

  it('of one, two and three queries', () => {
    expect(pointers({ a: from('/a') })).toEqual(['#/queries/a/params/value']);
    cyclic({ a: from('/b'), b: from('/a') });
    cyclic([from('/1'), from('/2'), from('/0')]);
  });

  it('through when, select, as and forEach', () => {
    cyclic({ a: from('/b'), b: q({}, { when: { $result: '/a' } }) });
    cyclic({ a: from('/b'), b: q({}, { select: { x: { $result: '/a' } } }) });
    cyclic({ a: from('/b'), b: q({}, { as: { $join: [{ $result: '/a' }] } }) });
    cyclic({ a: from('/b'), b: q({}, { forEach: { $result: '/a' } }) });
    cyclic({ a: q({ value: { $item: '' } }, { forEach: { $result: '/a' } }) });
  });

  it('from inside a group to itself or to a group around it', () => {
    cyclic({ g: { pattern: 'kv', queries: { x: from('/g') } } });
    cyclic({ g: { pattern: 'kv', queries: { x: from('/g/y'), y: q() } } });
    cyclic({ g: { pattern: 'kv', queries: { h: { pattern: 'kv', queries: { x: from('/g') } } } } });
  });

  it('through groups', () => {
    cyclic({ g: { pattern: 'kv', queries: { x: from('/a') } }, a: from('/g') });
    cyclic({ g: { pattern: 'kv', queries: { x: from('/h') } }, h: { pattern: 'kv', queries: { y: from('/g') } } });
    cyclic({ a: from('/g/x'), g: { pattern: 'kv', when: { $result: '/a' }, queries: { x: q() } } });
  });

  it('but two members of two groups may wait for each other crosswise', () => {
    expect(
      pointers({
        g: { pattern: 'kv', queries: { a: from('/h/a'), b: q() } },
        h: { pattern: 'kv', queries: { a: q(), b: from('/g/b') } },
      }),
    ).toEqual([]);
  });

  it('but a diamond is none', () => {
    expect(
      pointers({ a: q(), b: from('/a'), c: from('/a'), d: q({ value: [{ $result: '/b' }, { $result: '/c' }] }) }),
    ).toEqual([]);
  });
});

describe('stream', () => {
  const simulation = simulate();
  const streaming = { ...simulation, source: { ...simulation.source, streams: () => 'items' as const } };

  it('stands neither beside select, accept and default, nor where there is no list', () => {
    expect(
      pointers({ a: q({}, { stream: true, select: '', accept: 'any', default: null }) }, { simulation: streaming }),
    ).toEqual(['#/queries/a/accept', '#/queries/a/default', '#/queries/a/select']);
    expect(pointers({ a: q({}, { stream: true }) }, { simulation: streaming })).toEqual([]);
    expect(pointers({ a: q({}, { stream: true }) })).toEqual(['#/queries/a/stream']);
  });

  it('is not referred to, alone or in a group', () => {
    const g = { pattern: 'kv', queries: { x: q({}, { stream: true }), y: q() } };
    expect(
      pointers(
        { a: q({}, { stream: true }), b: from('/a'), g, c: from('/g'), d: from('/g/x'), e: from('/g/y') },
        { simulation: streaming },
      ),
    ).toEqual(['#/queries/b/params/value', '#/queries/c/params/value', '#/queries/d/params/value']);
  });
});

describe('take, hedgeMs and concurrency', () => {
  it('take is at most the number of queries', () => {
    expect(faults('first-reply', { take: 2, queries: many(2) })).toEqual({});
    expect(Object.keys(faults('first-reply', { take: 3, queries: many(2) }))).toEqual(['#/take']);
    expect(Object.keys(faults('first-reply', { take: 0, queries: many(2) }))).toEqual(['#/take']);
    expect(pointers({ g: { pattern: 'first-reply', take: 2, queries: many(1) } })).toEqual(['#/queries/g/take']);
  });

  it('hedgeMs needs take, concurrency needs forEach, and both belong to first-reply', () => {
    expect(Object.keys(faults('first-reply', { hedgeMs: 5, queries: many(2) }))).toEqual(['#/hedgeMs']);
    expect(pointers({ a: q({}, { concurrency: 1 }), g: { pattern: 'kv', queries: {}, concurrency: 2 } })).toEqual([
      '#/queries/a/concurrency',
      '#/queries/g/concurrency',
    ]);
    expect(pointers({ g: { pattern: 'ordered', take: 1, queries: many(1) } })).toEqual(['#/queries/g/take']);
  });
});

describe('limits', () => {
  it('nesting: so many groups below the top, and no more', () => {
    expect(pointers([nested(4)])).toEqual([]);
    expect(pointers([nested(5)])).toEqual([`#/queries/0${'/queries/0'.repeat(4)}`]);
  });

  it('queries: queries and groups written out', () => {
    expect(pointers(many(500))).toEqual([]);
    expect(pointers(many(501))).toEqual(['#/queries']);
    expect(pointers([...many(498), nested(1)])).toEqual([]);
    expect(pointers([...many(499), nested(1)])).toEqual(['#/queries/499/queries']);
  });

  it('keyChars: a key or an as', () => {
    expect(pointers({ ['k'.repeat(256)]: q({}, { as: 'n'.repeat(256) }) })).toEqual([]);
    const long = 'k'.repeat(257);
    expect(pointers({ [long]: q(), a: q({}, { as: 'n'.repeat(257) }) })).toEqual([
      '#/queries/a/as',
      `#/queries/${long}`,
    ]);
    // Characters are code points, as in the published schema.
    const [fits, beyond] = ['😀'.repeat(256), '😀'.repeat(257)];
    expect(pointers({ [fits]: q({}, { as: fits }) })).toEqual([]);
    expect(pointers({ a: q({}, { as: beyond }), [beyond]: q() })).toHaveLength(2);
  });

  it('calls: what is written out may not exceed it', () => {
    expect(pointers(many(3), { limits: { calls: 3 } })).toEqual([]);
    expect(pointers(many(4), { limits: { calls: 3 } })).toEqual(['#/queries']);
  });
});
