import { describe, expect, it, vi } from 'vitest';
import { ask, faults, q, simulate, start } from './simulated.ts';

const values = (queries: object): Promise<unknown> => ask('kv', { shape: 'values', queries });
const results = async (queries: object): Promise<unknown> =>
  ((await ask('kv', { queries })) as { results: unknown }).results;
const meta = (pointer: string) => ({ $meta: pointer });
const read = (pointer: string) => q({ value: meta(pointer) });
const FAILED = { status: 'skipped', error: { code: 'DEPENDENCY_FAILED' } };
const said = (etag: unknown, value: unknown = 1, modifiers = {}) =>
  q({ value, meta: { etag, status: 200 } }, modifiers);

describe('$meta', () => {
  it("reads what the store said of another query's body, whole or in part", async () => {
    const list = q({ value: [], meta: { headers: { link: ['<a>', '<b>'] } } });
    const queries = { a: said('"x"'), list, b: read('/a'), c: read('/a/etag'), d: read('/list/headers/link/1') };
    expect(await values(queries)).toMatchObject({ b: { etag: '"x"', status: 200 }, c: '"x"', d: '<b>' });
  });

  it('stands wherever a reference may', async () => {
    const queries = {
      a: q({ value: 1, meta: { etag: 'x', headers: { link: ['l', 'm'] } } }),
      when: q({ value: 'asked' }, { when: { equals: [meta('/a/etag'), 'x'] } }),
      unless: q({}, { unless: meta('/a/etag') }),
      joined: q({ value: { $join: ['v-', meta('/a/etag')] } }),
      selected: q({ value: { n: 1 } }, { select: { n: '/n', etag: meta('/a/etag') } }),
      alone: q({}, { select: meta('/a/etag') }),
      each: q({ value: { $item: '' } }, { forEach: meta('/a/headers/link') }),
      written: q({ value: { $item: '' } }, { forEach: ['k', meta('/a/etag')] }),
    };
    expect(await values(queries)).toEqual({
      a: 1,
      when: 'asked',
      unless: null,
      joined: 'v-x',
      selected: { n: 1, etag: 'x' },
      alone: 'x',
      each: ['l', 'm'],
      written: ['k', 'x'],
    });
    const named = [said('x'), q({ value: 2 }, { as: meta('/0/etag') })];
    expect(await ask('ordered', { queries: named })).toMatchObject({ results: [{}, { as: 'x' }] });
  });

  it('is not changed by select, and is there of what is hidden', async () => {
    const queries = { a: said('x', { deep: 1 }, { select: '/deep', hidden: true }), b: read('/a/etag') };
    expect(await results(queries)).toEqual({ b: { status: 'ok', value: 'x' } });
  });

  it('that is not there leads nowhere: of a query without one, of a default, below what there is', async () => {
    const queries = {
      none: q({ value: 1 }),
      default: q({ fail: 'TIMEOUT', meta: { etag: 'x' } }, { default: { etag: 'no' } }),
      some: said('x'),
      a: read('/none/etag'),
      b: read('/default/etag'),
      c: read('/some/etag/deep'),
      d: q({ value: 'asked' }, { when: meta('/none/etag') }),
      e: q({ value: 1 }, { select: { etag: meta('/default') } }),
    };
    expect(await results(queries)).toMatchObject({
      a: { ...FAILED, error: { retryable: false, dependsOn: ['none'] } },
      b: { ...FAILED, error: { retryable: false, dependsOn: ['default'] } },
      c: FAILED,
      d: { status: 'skipped' },
      e: { value: { etag: null } },
    });
  });

  it('of what failed or was skipped fails or is skipped as a value would', async () => {
    const queries = {
      gone: q({ fail: 'UNAVAILABLE' }),
      unasked: said('x', 1, { when: false }),
      a: read('/gone/etag'),
      b: read('/unasked/etag'),
    };
    expect(await results(queries)).toMatchObject({
      a: { ...FAILED, error: { retryable: true, dependsOn: ['gone'] } },
      b: { status: 'skipped' },
    });
  });
});

describe('into a group or forEach', () => {
  const photos = q({ value: 1, meta: { etag: { $item: '' } } }, { forEach: ['x', 'y', 'z'] });
  const keyed = { pattern: 'kv', queries: { p: said('p'), q: q({ value: 2 }) } };

  it('steps lead through its members to a query, then into its meta', async () => {
    const queries = {
      photos,
      keyed,
      list: { pattern: 'ordered', queries: [said('0', 1, { as: 'first' }), said('1')] },
      copies: { pattern: 'kv', forEach: [1, 2], queries: { x: q({ meta: { etag: { $item: '' } } }) } },
      a: read('/photos/2/etag'),
      b: read('/photos/*/etag'),
      c: read('/keyed/p/etag'),
      d: read('/list/1/etag'),
      e: read('/copies/*/x/etag'),
    };
    expect(await values(queries)).toMatchObject({ a: 'z', b: ['x', 'y', 'z'], c: 'p', d: '1', e: [1, 2] });
  });

  it('all of it has its shape, null where there is none', async () => {
    const queries = { photos, keyed, a: read('/photos'), b: read('/keyed') };
    expect(await values(queries)).toMatchObject({
      a: [{ etag: 'x' }, { etag: 'y' }, { etag: 'z' }],
      b: { p: { etag: 'p', status: 200 }, q: null },
    });
  });

  it('* passes over what failed, was skipped, or has none', async () => {
    const fail = { $item: '/fail' };
    const told = { fail, meta: { $item: '/meta' } };
    const list = [{ fail: null, meta: { etag: 'x' } }, { fail: 'TIMEOUT' }, { fail: null, meta: { size: 1 } }];
    const queries = { each: q(told, { forEach: list }), a: read('/each/*/etag'), b: read('/each/1/etag') };
    expect(await results(queries)).toMatchObject({ a: { value: ['x'] }, b: FAILED });
  });

  it('a select of the group changes nothing, and a nested take: 1 has its winner’s', async () => {
    const race = { pattern: 'first-reply', take: 1, queries: [q({ fail: 'TIMEOUT' }), said('won', 2)] };
    const queries = {
      keyed: { ...keyed, select: { sum: '/p' } },
      race,
      picked: { ...race, select: { etag: '' } },
      a: read('/keyed/p/etag'),
      b: read('/race/etag'),
      c: read('/picked/etag'),
      d: read('/race'),
    };
    expect(await values(queries)).toMatchObject({ a: 'p', b: 'won', c: 'won', d: { etag: 'won', status: 200 } });
  });

  it('under a default in force there is none', async () => {
    const queries = {
      g: { pattern: 'kv', default: 'none', queries: { x: said('x'), y: q({ fail: 'TIMEOUT' }, { required: true }) } },
      a: read('/g/x/etag'),
      kept: { pattern: 'kv', default: 'none', queries: { x: said('x') } },
      b: read('/kept/x/etag'),
    };
    expect(await results(queries)).toMatchObject({ g: { defaulted: true }, a: FAILED, b: { value: 'x' } });
  });

  it('waits for the part it names alone', async () => {
    const simulation = simulate();
    const client = new AbortController();
    const queries = {
      each: q({ stall: { $item: '/stall' }, meta: { etag: 'x' } }, { forEach: [{ stall: true }, { stall: false }] }),
      g: { pattern: 'kv', select: '/fast', queries: { fast: said('y'), slow: q({ stall: true }) } },
      a: q({ id: 'a', value: meta('/each/1/etag') }),
      b: q({ id: 'b', value: meta('/g/fast/etag') }),
    };
    const { root } = start('kv', { queries }, { simulation, signal: client.signal });
    await vi.waitFor(() => expect(simulation.finished).toEqual(expect.arrayContaining(['a', 'b'])));
    client.abort();
    await root.reply;
  });
});

describe('before any store is asked', () => {
  it.each([
    [{ a: read('/nobody/etag') }, '#/queries/a/params/value'],
    [{ a: read('/a/etag') }, '#/queries/a/params/value'],
    [{ a: read('') }, '#/queries/a/params/value/$meta'],
    [{ a: read('b/etag') }, '#/queries/a/params/value/$meta'],
    [{ a: q({ value: { $meta: 'textScore' } }) }, '#/queries/a/params/value/$meta'],
    [{ a: q({ value: { $meta: 3 } }) }, '#/queries/a/params/value/$meta'],
    [{ a: q({ value: { $meta: '/b', x: 1 } }), b: q() }, '#/queries/a/params/value/$meta'],
    [{ a: q({}, { select: { $meta: '/b', x: '/y' } }), b: q() }, '#/queries/a/select/$meta'],
    [{ a: q({}, { when: { $meta: 'textScore' } }) }, '#/queries/a/when/$meta'],
    [{ a: q({}, { default: { x: meta('/b') } }), b: q() }, '#/queries/a/default/x'],
    [{ a: q({}, { forEach: { $meta: 'b' } }), b: q() }, '#/queries/a/forEach/$meta'],
    [{ a: read('/b/etag'), b: read('/a/etag') }, '#/queries/b/params/value'],
    [{ g: { pattern: 'kv', queries: { a: read('/g/b/etag'), b: q() } } }, '#/queries/g/queries/a/params/value'],
  ])('%j is refused', (queries, pointer) => {
    expect(Object.keys(faults('kv', { queries }))).toEqual([pointer]);
  });

  it('a query with "stream" has none to refer to', () => {
    const simulation = simulate();
    const streaming = { ...simulation, source: { ...simulation.source, streams: () => 'items' as const } };
    const queries = { a: q({}, { stream: true }), b: read('/a/etag') };
    expect(faults('kv', { queries }, { simulation: streaming })).toEqual({
      '#/queries/b/params/value': 'a query with "stream" has no value to refer to',
    });
  });

  it("the store's own word is left to the store where it has one, and only if its name is no pointer", () => {
    const simulation = simulate();
    const own = { ...simulation, source: { ...simulation.source, ownMeta: ['sort'] } };
    const sort = { score: { $meta: 'textScore' } };
    const faultsOf = (told: object) =>
      Object.keys(faults('kv', { queries: { a: q({ ...told }) } }, { simulation: own }));
    expect(faultsOf({ sort, other: 1 })).toEqual([]);
    expect(faultsOf({ other: sort })).toEqual(['#/queries/a/params/other/score/$meta']);
    expect(faultsOf({ sort: { score: { $meta: '/nobody' } } })).toEqual(['#/queries/a/params/sort/score']);
    expect(faultsOf({ sort: { score: { $meta: '' } } })).toEqual(['#/queries/a/params/sort/score/$meta']);
    expect(faultsOf({ sort: { score: { $meta: 'textScore', x: 1 } } })).toEqual([
      '#/queries/a/params/sort/score/$meta',
    ]);
  });
});
