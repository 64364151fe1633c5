import { describe, expect, it } from 'vitest';
import { Digits } from '../../src/json/leaf.ts';
import { answer, ask, faults, limits, q, simulate, start } from './simulated.ts';
import { plan } from '../plan.ts';

const uid = new Digits('12345678901234567');
const claims = {
  sub: 'ada',
  uid,
  roles: ['reader', 'writer'],
  org: { id: 7, 'a/b': 'slash', none: null },
  none: null,
  holed: [null, 'b', [null], { id: null, at: [null, 1] }],
  teams: [{ id: null }, { id: 'x' }, {}],
};
const sub = { $caller: '/sub' };
const nobody = { $caller: '/nobody' };

/** The values that a saved batch of one query `a`, and of others, answers this caller. */
const values = (queries: object, own: object = claims) =>
  ask('kv', { shape: 'values', queries }, { claims: own }) as Promise<Record<string, unknown>>;

const replies = async (queries: object, own: object = claims) =>
  ((await ask('kv', { queries }, { claims: own })) as { results: Record<string, Reply> }).results;

interface Reply {
  status: string;
  error?: { code: string };
}

const sources = new Map([['sim', simulate().source]]);
const planned = (queries: object) => plan('kv', { queries }, { sources, limits, params: new Map() });

describe('$caller', () => {
  it.each([
    ['/sub', 'ada'],
    ['/roles', ['reader', 'writer']],
    ['/roles/1', 'writer'],
    ['/org/a~1b', 'slash'],
    ['/org', { id: 7, 'a/b': 'slash' }],
    ['/holed', ['b', [], { at: [1] }]],
    ['/holed/2', []],
    ['/holed/*', ['b', { at: [1] }]],
    ['/teams/*/id', ['x']],
  ])('%s is what the caller claims', async (pointer, value) => {
    expect(await values({ a: q({ value: { $caller: pointer } }) })).toEqual({ a: value });
  });

  it.each([
    ['params', q({ value: sub }), 'ada'],
    ['a text', q({ value: { $join: ['users/', sub, '/', { $caller: '/org/id' }] } }), 'users/ada/7'],
    ['a text, with all of its digits', q({ value: { $join: [{ $caller: '/uid' }, sub] } }), '12345678901234567ada'],
    ['when', q({ value: 1 }, { when: { equals: [sub, 'ada'] } }), 1],
    ['unless', q({ value: 1 }, { unless: { in: ['writer', { $caller: '/roles' }] } }), null],
    ['select', q({ value: { x: 1 } }, { select: { who: sub, x: '/x' } }), { who: 'ada', x: 1 }],
    ['forEach', q({ value: { $item: '' } }, { forEach: { $caller: '/roles' } }), ['reader', 'writer']],
    ['an item of forEach', q({ value: { $item: '' } }, { forEach: [sub, 'b'] }), ['ada', 'b']],
    ['a group', { pattern: 'ordered', queries: [q({ value: sub })] }, ['ada']],
  ])('may stand in %s', async (_where, query, value) => {
    expect(await values({ a: query })).toEqual({ a: value });
    expect(planned({ a: query }).namesCaller).toBe(true);
  });

  it('may be a name in a list', async () => {
    const { results } = (await ask('ordered', { queries: [q({}, { as: sub })] }, { claims })) as { results: object[] };
    expect(results).toEqual([{ index: 0, as: 'ada', status: 'ok', value: null }]);
  });

  /** Each place in which a claim is looked at. */
  const places = (claim: object): [string, object][] => [
    ['params', q({ value: claim })],
    ['a text', q({ value: { $join: ['users/', claim] } })],
    ['when', q({ value: 1 }, { when: claim })],
    ['a side of when', q({ value: 1 }, { when: { equals: [claim, null] } })],
    ['a list of when', q({ value: 1 }, { when: { in: [1, claim] } })],
    ['unless', q({ value: 1 }, { unless: claim })],
    ['a side of unless', q({ value: 1 }, { unless: { equals: [claim, 1] } })],
    ['select', q({ value: 1 }, { select: { who: claim } })],
    ['as', q({ value: 1 }, { as: claim })],
    ['forEach', q({ value: 1 }, { forEach: claim })],
    ['when, of a group', { pattern: 'kv', when: claim, queries: { x: q() } }],
    ['select, of a group', { pattern: 'kv', select: { who: claim }, queries: { x: q() } }],
    ['forEach, of a group', { pattern: 'kv', forEach: claim, queries: { x: q() } }],
  ];

  it.each([
    ...places(nobody),
    ...['/none', '/org/none', '/holed/0', '/holed/2/0', '/holed/3/id', '/teams/0/id'].flatMap((pointer) =>
      places({ $caller: pointer }).map(([where, query]): [string, object] => [`${pointer} in ${where}`, query]),
    ),
    ['one behind a claim', q({ value: { $caller: '/sub/x' } })],
    ['one behind null', q({ value: { $caller: '/none/x' } })],
    ['one beside a list', q({ value: { $caller: '/roles/2' } })],
    ['one that every object inherits', q({ value: { $caller: '/toString' } })],
    ['the prototype', q({ value: { $caller: '/__proto__' } })],
  ])('of a claim that is not there, or null, fails the query FORBIDDEN: %s', async (_where, query) => {
    const simulation = simulate();
    const { batch, root } = start('kv', { queries: { a: query } }, { simulation, claims });
    const { list } = await root.reply;
    expect(list?.members[0]?.reply).toMatchObject({ status: 'error', error: { code: 'FORBIDDEN', retryable: false } });
    expect(batch.failures.map(({ error }) => error.code)).toEqual(['FORBIDDEN']);
    expect(simulation.started).toEqual([]);
  });

  it('of null binds no item of a forEach', async () => {
    const simulation = simulate();
    const queries = { a: q({ value: { $item: '/id' } }, { forEach: { $caller: '/teams' } }) };
    const { root } = start('kv', { queries }, { simulation, claims });
    const { list } = await root.reply;
    expect(list?.members[0]?.reply.list?.members.map(({ reply }) => reply.status)).toEqual([
      'skipped',
      'ok',
      'skipped',
    ]);
    expect(simulation.started).toHaveLength(1);
  });

  it('fails one item of a forEach alone, and what refers to it follows from that', async () => {
    const each = q({ value: { $item: '' } }, { forEach: [nobody, 'b', { $caller: '/none' }] });
    const { a, b, c } = await replies({ a: each, b: q({ value: nobody }), c: q({ value: { $result: '/b' } }) });
    expect(a).toMatchObject({
      status: 'partial',
      replies: [{ error: { code: 'FORBIDDEN' } }, { value: 'b' }, { error: { code: 'FORBIDDEN' } }],
    });
    expect(b).toMatchObject({ status: 'error', error: { code: 'FORBIDDEN' } });
    expect(c).toMatchObject({ status: 'skipped', error: { code: 'DEPENDENCY_FAILED', dependsOn: ['b'] } });
  });

  it('is rescued by a default, and does not run what a condition leaves out', async () => {
    const a = q({ value: nobody }, { default: 'nobody' });
    const b = q({ value: nobody }, { when: false });
    expect(await replies({ a, b })).toMatchObject({
      a: { status: 'ok', value: 'nobody', defaulted: true, error: { code: 'FORBIDDEN' } },
      b: { status: 'skipped' },
    });
  });

  it('fails a traced query, too', async () => {
    const text = await answer('kv', { trace: true, queries: { a: q({ value: nobody }) } }, { claims });
    const { results } = JSON.parse(text) as { results: Record<string, { trace: Record<string, unknown> }> };
    expect(results['a']).toMatchObject({ error: { code: 'FORBIDDEN' }, trace: { ended: expect.any(Number) } });
    expect(results['a']!.trace).not.toHaveProperty('started');
  });

  it('fails where nothing at all is known of who asks', async () => {
    expect(await replies({ a: q({ value: { $caller: '/name' } }) }, {})).toMatchObject({
      a: { error: { code: 'FORBIDDEN' } },
    });
  });

  it('stands in saved batches alone', () => {
    const stray = q({ v: sub }, { when: sub, select: { who: sub } });
    const nested = { pattern: 'ordered', queries: [q({}, { forEach: sub })] };
    const found = faults('kv', { queries: { a: stray, b: nested } });
    expect(Object.keys(found).toSorted()).toEqual([
      '#/queries/a/params/v/$caller',
      '#/queries/a/select/who/$caller',
      '#/queries/a/when/$caller',
      '#/queries/b/queries/0/forEach/$caller',
    ]);
    expect(new Set(Object.values(found))).toEqual(new Set(['who asks is known in saved batches only']));
  });

  it.each([[''], ['/'], ['sub'], [4], [null], [['/sub']]])('names a claim: %j is a fault', (pointer) => {
    expect(() => planned({ a: q({ v: { $caller: pointer } }) })).toThrow();
  });

  it('is not looked for in a claim', async () => {
    const own = { sub: { $caller: '/secret' }, secret: 'x' };
    expect(await values({ a: q({ value: sub }) }, own)).toEqual({ a: { $caller: '/secret' } });
  });

  it('a batch without it is of use to others', () => {
    expect(planned({ a: q({ value: { $verbatim: sub } }) }).namesCaller).toBe(false);
  });
});
