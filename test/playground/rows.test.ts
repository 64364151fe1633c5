import { describe, expect, it } from 'vitest';
import { axisOf, shownMs } from '../../web/src/waterfall/axis.ts';
import type { PlanNode, Told } from '../../web/src/waterfall/model.ts';
import { type Picture, rowsOf } from '../../web/src/waterfall/rows.ts';
import { sentence } from '../../web/src/waterfall/words.ts';
import { processorMs } from '../processor-time.ts';

const query = (after: string[] = [], more: object = {}): PlanNode => ({ source: 's', op: 'get', after, ...more });
const draw = (queries: PlanNode['queries'], told: Told[] = [], more: Partial<Picture> = {}) =>
  rowsOf({
    plan: { queries: queries! },
    told: new Map(told.map((one) => [one.path, one])),
    state: told.length > 0 ? 'ended' : 'planned',
    turned: new Set(),
    ...more,
  });
const ok = (path: string, more: Partial<Told> = {}): Told => ({
  path,
  status: 'ok',
  queued: 0,
  started: 1,
  ended: 2,
  ...more,
});

describe('a plan', () => {
  it('stands in the order of waiting, across groups, each from its first member to its last', () => {
    const rows = draw({
      a: query(),
      b: query(['a']),
      group: { pattern: 'kv', after: ['b'], queries: { inner: query(['a']), last: query(['inner']) } },
      far: query(['group']),
    });
    expect(rows.map(({ path, depth, place, dependsOn }) => [path, depth, place, dependsOn])).toEqual([
      ['/a', 0, { from: 0, to: 1 }, []],
      ['/b', 0, { from: 1, to: 2 }, ['/a']],
      ['/group', 0, { from: 2, to: 4 }, ['/b']],
      ['/group/inner', 1, { from: 2, to: 3 }, ['/a']],
      ['/group/last', 1, { from: 3, to: 4 }, ['/group/inner']],
      ['/far', 0, { from: 4, to: 5 }, ['/group']],
    ]);
  });

  it('names the members of a list by `as`, and the nearest of one name is meant', () => {
    const rows = draw([
      query([], { as: 'x' }),
      { pattern: 'ordered', queries: [query([], { as: 'x' }), query(['x'])] },
      query(['x', '1']),
    ]);
    expect(rows.map(({ path, label, dependsOn }) => [path, label, dependsOn])).toEqual([
      ['/0', 'x', []],
      ['/1', '1', []],
      ['/1/0', 'x', []],
      ['/1/1', '1', ['/1/0']],
      ['/2', '2', ['/0', '/1']],
    ]);
  });

  it('keys are escaped as in a pointer', () => {
    expect(draw({ 'a/b~': query() }).map(({ path, label }) => [path, label])).toEqual([['/a~1b~0', 'a/b~']]);
  });
});

describe('a run', () => {
  it('has each item of a forEach, in the order of its list', () => {
    const told = ['/all', '/all/10', '/all/2'].map((path) => ok(path));
    expect(draw({ all: query([], { forEach: {} }) }, told).map(({ path, kind }) => [path, kind])).toEqual([
      ['/all', 'forEach'],
      ['/all/2', 'query'],
      ['/all/10', 'query'],
    ]);
  });

  it('has the groups of a forEach, one for each item', () => {
    const queries = { all: { pattern: 'kv', forEach: {}, queries: { x: query(), y: query(['x']) } } };
    const told = ['/all/0/x', '/all/0/y', '/all/0', '/all/1/x', '/all'].map((path) => ok(path));
    const rows = draw(queries, told);
    expect(rows.map(({ path }) => path)).toEqual([
      '/all',
      '/all/0',
      '/all/0/x',
      '/all/0/y',
      '/all/1',
      '/all/1/x',
      '/all/1/y',
    ]);
    expect(rows[3]!.dependsOn).toEqual(['/all/0/x']);
    expect(rows.at(-1)!.status).toBe('untold');
  });

  it('folds more than fifty, unless told', () => {
    const told = Array.from({ length: 51 }, (_none, index) => ok(`/all/${index}`));
    const queries = { all: query([], { forEach: {} }) };
    expect(draw(queries, told)).toHaveLength(1);
    expect(draw(queries, told)[0]).toMatchObject({ isOpen: false, members: 51 });
    expect(draw(queries, told, { turned: new Set(['/all']) })).toHaveLength(52);
    expect(draw(queries, told.slice(1))).toHaveLength(51);
  });

  it.each<[string, Told[], Partial<Picture>, string]>([
    ['waits for what has not come', [], { state: 'running' }, 'waiting'],
    ['runs once that is there', [ok('/a')], { state: 'running' }, 'running'],
    ['is as it was told', [ok('/a'), ok('/b', { status: 'error', code: 'TIMEOUT' })], {}, 'error'],
    ['was cancelled', [ok('/a'), ok('/b', { status: 'error', code: 'CANCELLED' })], {}, 'cancelled'],
    ['is not told of', [ok('/a')], {}, 'untold'],
  ])('what %s', (_what, told, more, status) => {
    expect(draw({ a: query(), b: query(['a']) }, told, more)[1]!.status).toBe(status);
  });

  it('knows the winner, and says what is hidden', () => {
    const queries = {
      race: { pattern: 'first-reply', take: 1, queries: [query(), query()] },
      h: query([], { hidden: true }),
    };
    const rows = draw(queries, [ok('/race', { winner: 1 }), ok('/race/0'), ok('/race/1'), ok('/h')]);
    expect(rows.map(({ isWinner, status, detail }) => [isWinner, status, detail])).toEqual([
      [false, 'ok', 'first-reply, take 1'],
      [false, 'ok', 's get'],
      [true, 'ok', 's get'],
      [false, 'ok', 's get, hidden'],
    ]);
  });

  it('is drawn without a plan, too', () => {
    const rows = rowsOf({
      plan: undefined,
      told: new Map([['/a/0', ok('/a/0')]]),
      state: 'running',
      turned: new Set(),
    });
    expect(rows.map(({ path }) => path)).toEqual(['/a', '/a/0']);
  });

  it('of a thousand items is laid out within a frame or two', () => {
    const told = Array.from({ length: 1000 }, (_none, index) => ok(`/all/${index}`));
    const began = processorMs();
    draw({ all: query([], { forEach: {} }) }, told, { turned: new Set(['/all']) });
    expect(processorMs() - began).toBeLessThan(100);
  });
});

it('a row says in words what its shapes say', () => {
  const attempts = [
    { started: 1, ended: 2, code: 'UNAVAILABLE' },
    { started: 3, ended: 9 },
    { started: 4, hedge: true },
  ];
  const rows = draw({ a: query(), b: query(['a']) }, [
    ok('/a', { attempts, cache: 'miss', shared: 'merged', ended: 9, ms: 8.9 }),
    ok('/b', { status: 'skipped', code: 'DEPENDENCY_FAILED' }),
  ]);
  expect(sentence(rows[0]!)).toBe('a, s get: ok; 8.9 ms; from 0 ms to 9 ms; 1 retry; 1 hedge; cache miss; merged');
  expect(sentence(rows[1]!)).toBe('b, s get: skipped: DEPENDENCY_FAILED; from 0 ms to 2 ms; waits for /a');
});

describe('the axis', () => {
  it('has four to ten steps, and room beside the last bar', () => {
    for (const ms of [0.3, 1, 7, 36, 99, 250, 1234, 30_000]) {
      const axis = axisOf(ms, undefined, 0.8);
      expect(axis.ms).toBeGreaterThan(ms);
      expect(axis.ticks.length).toBeGreaterThanOrEqual(4);
      expect(axis.ticks.length).toBeLessThanOrEqual(12);
    }
  });

  it('holds the deadline where it is near', () => {
    expect(axisOf(100, 2000, 0.8).deadline).toBeUndefined();
    expect(axisOf(1900, 2000, 0.8)).toMatchObject({ deadline: 2000 });
  });

  it.each([
    [3.14, '3.1 ms'],
    [123.4, '123 ms'],
    [1234, '1.23 s'],
  ])('%f ms are %s', (ms, text) => {
    expect(shownMs(ms)).toBe(text);
  });
});

it('what is hidden ends, until it is told of, when the first that waited for it could begin', () => {
  const queries = { a: query([], { hidden: true }), b: query(['a']), c: query(['a', 'b']) };
  const told = [ok('/b', { queued: 7 }), ok('/c', { queued: 9 })];
  const [hidden] = draw(queries, told, { state: 'running' });
  expect(hidden).toMatchObject({ status: 'hidden', since: 0, until: 7 });
  expect(draw(queries, [], { state: 'running' })[0]).toMatchObject({ status: 'running', until: undefined });
  expect(draw(queries, [ok('/a'), ...told])[0]).toMatchObject({ status: 'ok', until: undefined });
  expect(draw(queries, [], { state: 'cut' })[0]).toMatchObject({ status: 'untold' });
});
