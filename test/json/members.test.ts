import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  entriesOf,
  fieldsOf,
  followPath,
  hasMember,
  isMoved,
  keysOf,
  memberOf,
  put,
  recordOf,
  valuesOf,
} from '../../src/json/members.ts';

const made = (entries: readonly (readonly [string, unknown])[]) =>
  entries.reduce<object>((members, [key, value]) => put(members, key, value), {});

describe('members', () => {
  it('keep their order, whatever their keys', () => {
    const key = fc.oneof(fc.nat().map(String), fc.constantFrom('__proto__', 'constructor', 'size', ''), fc.string());
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(key, fc.nat()), { selector: ([name]) => name }), (entries) => {
        const members = made(entries);
        expect([...entriesOf(members)]).toEqual(entries);
        expect(keysOf(members)).toEqual(entries.map(([name]) => name));
        expect(valuesOf(members)).toEqual(entries.map(([, value]) => value));
        for (const [name, value] of entries) {
          expect(hasMember(members, name)).toBe(true);
          expect(memberOf(members, name)).toBe(value);
        }
        expect(recordOf(members)).toEqual(Object.fromEntries(entries));
        expect(fieldsOf(members)).toEqual(Object.fromEntries(entries));
      }),
    );
  });

  it.each([undefined, null, 5, 'text', ['list']])('are none of %j', (value) => {
    expect(fieldsOf(value)).toEqual({});
  });

  it('are a Map only where JavaScript would move a key', () => {
    expect(
      made([
        ['b', 1],
        ['a', 2],
      ]),
    ).toEqual({ b: 1, a: 2 });
    expect(
      made([
        ['b', 1],
        ['1', 2],
      ]),
    ).toEqual(
      new Map([
        ['b', 1],
        ['1', 2],
      ]),
    );
    fc.assert(
      fc.property(fc.oneof(fc.nat().map(String), fc.constantFrom('4294967294', '4294967295'), fc.string()), (key) => {
        if (Object.keys({ a: 1, [key]: 2 }).indexOf(key) === 0 && key !== 'a') expect(isMoved(key)).toBe(true);
      }),
    );
  });

  it('are known only where they are', () => {
    for (const members of [made([['a', 1]]), made([['1', 1]])]) {
      for (const key of ['toString', '__proto__', 'size', 'get', '2']) {
        expect(hasMember(members, key)).toBe(false);
        expect(memberOf(members, key)).toBeUndefined();
      }
    }
  });

  it('are what a path leads to', () => {
    const value = [
      {
        a: made([
          ['b', 1],
          ['2', [7]],
        ]),
      },
    ];
    expect(followPath(value, [0, 'a', '2', 0])).toBe(7);
    expect(followPath(value, [0, 'a', '3', 0])).toBeUndefined();
    expect(followPath(value, [])).toBe(value);
  });
});
