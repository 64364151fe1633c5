import { expect, it } from 'vitest';
import { callOf, type CallBounds, Who } from '../../src/sources/call.ts';
import type { Caller, Query } from '../../src/store/fetch.ts';
import type { LayerContext } from '../../src/sources/layer-context.ts';
import { TypedValue } from '../../src/store/typed-value.ts';
import { bounds } from '../adapters/source.ts';

const QUERY: Query = { op: 'get', params: {}, want: 'value' };
const TRACE = { traceparent: '00-1-2-01', tracestate: 'a=b' };
const WHO: Caller = { headers: { authorization: 'Bearer a', cookie: 'b', accept: 'c' }, ...TRACE };

/** The context that a call's layers get. */
async function contextOf(
  forwards: readonly string[],
  given: Partial<CallBounds> = {},
  who = WHO,
): Promise<LayerContext> {
  let seen: LayerContext | undefined;
  const call = callOf(2000, forwards, (_query, context) => {
    seen = context;
    return Promise.resolve(new TypedValue(null));
  });
  await call(QUERY, new Who(who), { ...bounds(), ...given });
  return seen as LayerContext;
}

it.each([
  [[], {}],
  [['authorization'], { authorization: 'Bearer a' }],
  [['x-not-sent', 'accept'], { accept: 'c' }],
])('a source that forwards %j sees of the caller no other header, and the trace', async (forwards, headers) => {
  expect((await contextOf(forwards)).caller).toEqual({ headers, ...TRACE });
});

it('a source knows of the caller its name, but not what it claims', async () => {
  const who = { ...WHO, name: 'people', claims: { sub: 'ada' } };
  expect((await contextOf([], {}, who)).caller).toEqual({ name: 'people', headers: {}, ...TRACE });
});

it('the caller is reduced once for many calls, and for each caller on its own', async () => {
  const seen: Caller[] = [];
  const call = callOf(2000, ['accept'], (_query, { caller }) => {
    seen.push(caller);
    return Promise.resolve(new TypedValue(null));
  });
  const who = new Who(WHO);
  for (const one of [who, who, new Who({ headers: { accept: 'd' } })]) await call(QUERY, one, bounds());
  expect(seen[1]).toBe(seen[0]);
  expect(seen[2]).toEqual({ headers: { accept: 'd' } });
});

it.each([
  ['its own time-out', { timeoutMs: 300, deadline: 5000 }, 1300],
  ["the source's, where it names none", { timeoutMs: undefined, deadline: 5000 }, 3000],
  ["the source's, where its own is longer", { timeoutMs: 10_000, deadline: 5000 }, 3000],
  ['that of what surrounds it', { timeoutMs: 300, deadline: 1100 }, 1100],
])('the deadline of a call is %s', async (_name, given, deadline) => {
  expect((await contextOf([], { started: 1000, ...given })).deadline).toBe(deadline);
});

it('what is asked for, and what counts it, is handed on as it is', async () => {
  const given = bounds();
  expect(await contextOf([], given)).toMatchObject({ signal: given.signal, memory: given.memory, work: given.work });
});
