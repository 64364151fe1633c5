import { describe, expect, it, vi } from 'vitest';
import { granted, perGrant, perGrantOfLate } from '../../src/callers/granted.ts';
import { ANYONE, type Grant, grantOf, NOBODY } from '../../src/callers/known-caller.ts';

const CALLER = { sources: [], batches: [], adhoc: false, metrics: false };
const grant = (name: string, more: object = {}): Grant => grantOf(name, { ...CALLER, ...more });

describe.each<[string, <T extends object>(make: (caller: Grant) => T) => (caller: Grant) => T]>([
  ['what is made for callers', perGrant],
  ['what is large', perGrantOfLate],
])('%s', (_what, per) => {
  it.each<[string, Grant, Grant, number]>([
    ['to two who may do the same', grant('a'), grant('b'), 1],
    ['whatever the order', grant('a', { batches: ['x', 'y'] }), grant('b', { batches: ['y', 'x', 'y'] }), 1],
    ['how much they may ask for', grant('a', { maxInFlight: 1 }), grant('b', { maxTimeoutMs: 9 }), 1],
    ['in their sources', grant('a', { sources: ['x'] }), grant('b'), 2],
    ['in what they name', grant('a', { sources: ['x'] }), grant('b', { batches: ['x'] }), 2],
    ['in one that is called *', grant('a', { batches: '*' }), grant('b', { batches: ['*'] }), 2],
    ['in whether they may ask batches of their own', grant('a', { adhoc: true }), grant('b'), 2],
    ['in whether they may read metrics', grant('a', { metrics: true }), grant('b'), 2],
    ['nobody and one who may do nothing', NOBODY, grant('b'), 2],
    ['nobody and anyone', NOBODY, ANYONE, 2],
  ])('is made once for the same grants, and anew for others: %s', (_how, one, other, times) => {
    const make = vi.fn(() => ({}));
    const made = per(make);
    expect(made(one)).toBe(made(one));
    made(other);
    expect(make).toHaveBeenCalledTimes(times);
  });
});

it('what is large is kept for those alone who have asked of late', () => {
  const make = vi.fn(({ name }: Grant) => ({ name }));
  const made = perGrantOfLate(make);
  const all = Array.from({ length: 20 }, (_none, at) => grant(`${at}`, { sources: [`${at}`] }));
  for (const one of all) {
    made(one);
    made(all[0]!);
  }
  expect(make).toHaveBeenCalledTimes(20);
  made(all[1]!);
  expect(make).toHaveBeenCalledTimes(21);
});

it('what is large and cannot be made is made anew', async () => {
  const make = vi.fn(() => Promise.reject(new Error('no')));
  const made = perGrantOfLate(make);
  for (const times of [1, 2]) {
    await expect(made(grant('a'))).rejects.toThrow('no');
    expect(make).toHaveBeenCalledTimes(times);
  }
});

it('of what is there a caller has what it may name', () => {
  const there = granted(
    new Map([
      ['x', 1],
      ['y', 2],
    ]),
    'sources',
  );
  expect([...there(grant('a', { sources: ['y', 'z'] }))]).toEqual([['y', 2]]);
  expect([...there(ANYONE).keys()]).toEqual(['x', 'y']);
});
