import { describe, expect, it } from 'vitest';
import type { Source } from '../../src/sources/open.ts';
import type { CallTrace } from '../../src/store/call-trace.ts';
import { TypedValue } from '../../src/store/typed-value.ts';
import type { Pattern } from '../../src/batch/plan/node.ts';
import type { Body } from '../service.ts';
import { answer, faults, q, simulate, start, type Asking } from './simulated.ts';
import { checkTraces } from './traces.ts';

const result = (pointer: string) => ({ $result: pointer });

const MS = expect.any(Number) as number;

/** The answer of a traced batch, of which every trace is in order. */
async function traced(pattern: Pattern, body: Record<string, unknown>, asking: Asking = {}): Promise<Body> {
  const told = JSON.parse(await answer(pattern, { ...body, trace: true }, asking));
  if ('trace' in told) checkTraces(body, told);
  return told;
}

/** The traces of the members of a kv, by key. */
async function traces(queries: Record<string, unknown>, asking?: Asking): Promise<Record<string, Body>> {
  const { results } = await traced('kv', { queries }, asking);
  return Object.fromEntries(Object.entries(results).map(([key, reply]) => [key, (reply as Body).trace]));
}

describe('trace', () => {
  it('is true or false, at the top alone, and not beside shape "values"', () => {
    expect(faults('kv', { trace: 1, queries: {} })).toHaveProperty('#/trace');
    expect(faults('kv', { queries: { a: q({}, { trace: true }) } })).toHaveProperty('#/queries/a/trace');
    expect(faults('kv', { queries: { g: { pattern: 'kv', trace: true, queries: {} } } })).toHaveProperty(
      '#/queries/g/trace',
    );
    expect(faults('kv', { trace: true, shape: 'values', queries: {} })).toEqual({
      '#/trace': 'trace cannot stand beside shape "values"',
    });
    for (const fine of [
      { trace: true, shape: 'replies' },
      { trace: false, shape: 'values' },
    ])
      expect(faults('kv', { ...fine, queries: {} })).toEqual({});
  });

  it('adds nothing where it is false', async () => {
    const queries = { a: q(), g: { pattern: 'kv', queries: { b: q() } } };
    expect(await answer('kv', { trace: false, queries })).not.toContain('trace');
  });

  it('tells when what a query refers to was there, its call left, and its reply came to be', async () => {
    const { user, orders } = await traces({
      user: q({ ms: 20 }),
      orders: q({ ms: 10, value: [result('/user'), { $join: ['x', result('/user')] }] }),
    });
    expect(user).toMatchObject({ attempts: [{ started: user.started }], after: [] });
    expect(user.ended - user.started).toBeGreaterThan(15);
    expect(orders.after).toEqual(['user']);
    expect(orders.queued).toBeGreaterThanOrEqual(user.ended);
  });

  it('names once what an item of a list and the params of its query refer to', async () => {
    const queries = {
      a: q(),
      b: q(),
      each: q({ value: [result('/a'), { $item: '' }] }, { forEach: [result('/a'), result('/b'), 1] }),
    };
    const { results } = await traced('kv', { queries });
    expect(results['each'].replies.map(({ trace }: Body) => trace.after)).toEqual([['a'], ['a', 'b'], ['a']]);
  });

  it('waits for a part alone, where a part is named', async () => {
    const { each, first } = await traces({
      each: q({ ms: { $item: '' } }, { forEach: [1, 400] }),
      first: q({ value: result('/each/0') }),
    });
    expect(first.queued).toBeLessThan(each.ended - 20);
  });

  it('of who waited for several things, it was the last that counted', async () => {
    const { soon, late, chosen, run } = await traces({
      soon: q(),
      late: q({ ms: 20 }),
      chosen: q({ value: result('/soon') }, { when: { equals: [result('/late'), null] } }),
      run: q({ value: result('/late') }, { select: { x: result('/soon') }, unless: result('/soon') }),
    });
    for (const { queued } of [chosen, run]) expect(queued).toBeGreaterThanOrEqual(late.ended);
    expect(soon.ended).toBeLessThan(late.ended);
    expect([chosen.after, run.after]).toEqual([
      ['late', 'soon'],
      ['soon', 'late'],
    ]);
  });

  it('an item of a forEach waits for its place from when it is there, and what it refers to', async () => {
    const { results } = await traced('kv', {
      queries: {
        list: q({ value: [1, 2, 3], ms: 10 }),
        late: q({ ms: 25 }),
        each: q({ ms: 20, value: { $item: '' } }, { forEach: result('/list'), concurrency: 1 }),
        written: q({ ms: 10 }, { forEach: [1, result('/late'), 3], concurrency: 1 }),
      },
    });
    const { list, late, each, written } = results;
    expect(each.trace.after).toEqual(['list']);
    const items = each.replies.map(({ trace }: Body) => trace);
    for (const item of items) {
      expect(item.queued).toBeGreaterThanOrEqual(list.trace.ended);
      expect(item.queued).toBeLessThan(items[0].ended);
    }
    expect(items[2].started).toBeGreaterThanOrEqual(items[1].ended);
    expect(written.trace.after).toEqual([]);
    expect(written.replies.map(({ trace }: Body) => trace.after)).toEqual([[], ['late'], []]);
    expect(written.replies[1].trace.queued).toBeGreaterThanOrEqual(late.trace.ended);
    expect(written.replies[2].trace.started).toBeLessThan(written.replies[1].trace.started);
  });

  it('what is there by the time that an item has a place was there before', async () => {
    const { results } = await traced('kv', {
      queries: {
        ready: q({ ms: 15 }),
        each: q({ ms: 40, value: result('/ready') }, { forEach: [1, 2], concurrency: 1 }),
      },
    });
    const [first, second] = results.each.replies.map(({ trace }: Body) => trace);
    expect(second.queued).toBe(results.ready.trace.ended);
    expect(second.started).toBeGreaterThanOrEqual(first.ended);
  });

  it('who is skipped never left: by choice, and for what it refers to', async () => {
    const told = await traces({
      no: q({ value: result('/lost') }, { when: false }),
      lost: q({ fail: 'NOT_FOUND' }),
      skipped: q({ value: result('/lost') }),
      defaulted: q({ value: result('/lost') }, { default: 1 }),
    });
    for (const name of ['no', 'skipped', 'defaulted'])
      expect(told[name]).toEqual({
        queued: expect.any(Number),
        ended: expect.any(Number),
        attempts: [],
        after: ['lost'],
      });
    expect(told['lost'].attempts).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect(told['skipped'].queued).toBeGreaterThanOrEqual(told['lost'].ended);
  });

  it('at the deadline, who still waits has never left', async () => {
    const { slow, waiting } = await traces(
      { slow: q({ stall: true }), waiting: q({ value: result('/slow') }) },
      { timeoutMs: 30 },
    );
    expect(slow.attempts).toEqual([{ started: slow.started, ended: expect.any(Number), code: 'TIMEOUT' }]);
    expect(waiting).toMatchObject({ attempts: [], after: ['slow'] });
  });

  it('whom the client leaves while they wait were never queued', async () => {
    const client = new AbortController();
    const { root } = start(
      'kv',
      { trace: true, queries: { a: q({ stall: true }), b: q({ value: result('/a') }) } },
      { signal: client.signal },
    );
    setTimeout(() => client.abort(), 5);
    const { list } = await root.reply;
    const [a, b] = list!.members.map(({ traced }) => traced!.trace!);
    expect(a).toMatchObject({ attempts: [{ code: 'CANCELLED' }], ended: expect.any(Number) });
    expect(b).toMatchObject({ attempts: [], queued: undefined, ended: expect.any(Number) });
  });

  it('a group and a forEach have the span of what they hold, and no attempts', async () => {
    const { g } = await traces({
      a: q({ ms: 5 }),
      g: { pattern: 'ordered', when: { equals: [result('/a'), null] }, queries: [q(), q({ ms: 5 })] },
    });
    expect(g).toEqual({ queued: expect.any(Number), ended: expect.any(Number), after: ['a'] });
  });

  it('names that are much are counted as part of the answer', async () => {
    const names = Array.from({ length: 100 }, (_, at) => `${at}`.padEnd(250, 'x'));
    const queries = {
      ...Object.fromEntries(names.map((name) => [name, q()])),
      each: q({ value: 1 }, { forEach: [1, 2, 3], when: { in: [null, names.map((name) => result(`/${name}`))] } }),
    };
    const body = { queries: { ...queries } };
    expect(await answer('kv', { ...body, trace: true }, { limits: { answerBytes: 40_000 } })).toContain('TOO_LARGE');
    expect(await answer('kv', body, { limits: { answerBytes: 40_000 } })).not.toContain('TOO_LARGE');
  });
});

describe('what an answer does not list stands in the trace of what it stands in', () => {
  const paths = ({ members = [] }: Body) =>
    members.map(({ path, status, code }: Body) => [path, status, code].join(' ').trim());

  it('whom a take did not wait for, at the top', async () => {
    const { results, cancelled, trace } = await traced('first-reply', {
      take: 1,
      queries: [q({ stall: true }), q({ turns: 20 }), { pattern: 'kv', queries: { a: q({ stall: true }), b: q() } }],
    });
    expect(results).toHaveLength(1);
    expect(cancelled).toBe(2);
    expect(paths(trace)).toEqual(['/0 error CANCELLED', '/2 error CANCELLED', '/2/a error CANCELLED', '/2/b ok']);
    expect(trace.members[0].attempts).toMatchObject([{ code: 'CANCELLED' }]);
    expect(trace.members[1]).not.toHaveProperty('attempts');
  });

  it('whoever never began has neither waited nor left', async () => {
    const { trace } = await traced('first-reply', { take: 1, hedgeMs: 1000, queries: [q(), q()] });
    expect(trace.members).toEqual([
      { path: '/1', status: 'error', code: 'CANCELLED', ended: expect.any(Number), attempts: [], after: [] },
    ]);
  });

  it('all that came to one value: by take 1, by select, and by a default', async () => {
    const list = [q({ value: 1 }), q({ fail: 'INVALID' }, { hidden: true }), q({}, { hidden: true })];
    const told = await traces({
      race: { pattern: 'first-reply', take: 1, queries: [q({ stall: true }), q({ value: 1 })] },
      shaped: { pattern: 'ordered', select: '/0', queries: list },
      lost: { pattern: 'ordered', select: '/0', default: 1, queries: [q({ fail: 'INVALID' }, { required: true })] },
      shown: { pattern: 'ordered', default: 1, queries: [q()] },
    });
    expect(paths(told['race'])).toEqual(['/race/0 error CANCELLED', '/race/1 ok']);
    expect(paths(told['shaped'])).toEqual(['/shaped/0 ok', '/shaped/1 error INVALID', '/shaped/2 ok']);
    expect(paths(told['lost'])).toEqual(['/lost/0 error INVALID']);
    expect(told['shown']).not.toHaveProperty('members');
  });

  it('who is hidden, at every depth, but for who failed and is a reply', async () => {
    const hidden = (more: object = {}) => q({ value: 7, ...more }, { hidden: true });
    const { results, trace } = await traced('kv', {
      queries: {
        a: hidden(),
        b: q({ value: result('/a') }),
        failed: hidden({ fail: 'INVALID' }),
        g: { pattern: 'ordered', queries: [q(), hidden(), { pattern: 'kv', queries: { deep: hidden() } }] },
        each: { ...hidden({ value: { $item: '' } }), forEach: [1, 2] },
        whole: { pattern: 'kv', hidden: true, queries: { x: q(), y: hidden() } },
      },
    });
    expect(Object.keys(results)).toEqual(['b', 'failed', 'g']);
    const whole = ['/whole ok', '/whole/x ok', '/whole/y ok'];
    expect(paths(trace)).toEqual(['/a ok', '/each ok', '/each/0 ok', '/each/1 ok', ...whole]);
    expect(trace.members[0]).toEqual({
      path: '/a',
      status: 'ok',
      queued: MS,
      started: MS,
      ended: MS,
      attempts: [{ started: MS, ended: MS }],
      after: [],
    });
    expect(results.b.trace.queued).toBeGreaterThanOrEqual(trace.members[0].ended);
    expect(paths(results.g.trace)).toEqual(['/g/1 ok']);
    expect(paths(results.g.replies[1].trace)).toEqual(['/g/2/deep ok']);
  });
});

describe('what the layers tell', () => {
  /** The trace of a query of whose call they tell this. */
  async function told(write: (trace: CallTrace, now: number) => void): Promise<Body> {
    const simulation = simulate();
    const call: Source['call'] = (_query, _who, { trace }) => {
      write(trace!, performance.now());
      return Promise.resolve(new TypedValue(1));
    };
    const asking = { simulation: { ...simulation, source: { ...simulation.source, call } } };
    return JSON.parse(await answer('kv', { trace: true, queries: { a: q() } }, asking)).results.a.trace;
  }

  it('of a cache that had the answer', async () => {
    const hit = await told((trace) => (trace.cache = 'hit'));
    expect(hit).toEqual({ queued: MS, ended: MS, attempts: [], cache: 'hit', after: [] });
  });

  it('of a call that somebody else had begun', async () => {
    const joined = await told((trace, now) => Object.assign(trace, { cache: 'miss', shared: 'merged', started: now }));
    const expected = { queued: MS, started: MS, ended: MS, attempts: [], cache: 'miss', shared: 'merged', after: [] };
    expect(joined).toEqual(expected);
  });

  it('is not told where it goes on for others after the reply', async () => {
    const { attempts } = await told((trace, now) => {
      trace.started = now;
      trace.attempts.push(
        { started: now, ended: now, code: 'UNAVAILABLE' },
        { started: now, ended: now + 60_000, code: 'TIMEOUT', hedge: true },
        { started: now + 60_000 },
      );
    });
    expect(attempts).toEqual([
      { started: MS, ended: MS, code: 'UNAVAILABLE' },
      { started: MS, hedge: true },
    ]);
    expect(await told((trace, now) => (trace.started = now + 60_000))).not.toHaveProperty('started');
  });
});
