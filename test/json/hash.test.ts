import fc from 'fast-check';
import { Long, ObjectId } from 'bson';
import { expect, it } from 'vitest';
import { canonical } from '../../src/json/canonical.ts';
import { Filled } from '../../src/store/placeholder.ts';
import { hashOfValue } from '../../src/json/hash.ts';
import { processorMs } from '../processor-time.ts';

const data = fc.letrec((tie) => ({
  leaf: fc.oneof(
    fc.jsonValue({ maxDepth: 0 }),
    fc.double(),
    fc.date({ noInvalidDate: true }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((it) => Long.fromBigInt(it)),
    fc.uint8Array({ minLength: 12, maxLength: 12 }).map((it) => new ObjectId(it)),
  ),
  value: fc.oneof(
    { depthSize: 'small' },
    tie('leaf'),
    fc.array(tie('value')),
    fc.dictionary(fc.string(), tie('value')),
    fc.dictionary(fc.string(), tie('value')).map((it) => new Map(Object.entries(it))),
  ),
})).value;

it('two values of one canonical text have one hash', () => {
  fc.assert(
    fc.property(fc.clone(data, 2), ([one, other]) => {
      expect(canonical(one)).toBe(canonical(other));
      expect(hashOfValue(one)).toBe(hashOfValue(other));
    }),
  );
});

it('what was filled in has the hash of its value', () => {
  const values = [1, 'a', { a: [1] }, Array.from({ length: 100 }, (_, at) => at)];
  for (const value of values)
    expect(hashOfValue({ a: [new Filled(value), new Filled(value)], b: 1 })).toBe(
      hashOfValue({ a: [value, value], b: 1 }),
    );
});

it('an object and a Map of the same members have one hash', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string().filter((key) => !/^\d/.test(key) && key !== '__proto__'),
        data,
      ),
      (members) => {
        expect(hashOfValue(new Map(Object.entries(members)))).toBe(hashOfValue(members));
      },
    ),
  );
});

it.each([
  ['a path', (at: number) => ({ path: `/v1/items/${at}`, headers: {} })],
  ['an id', (at: number) => ({ filter: { _id: new ObjectId(at.toString(16).padStart(24, '0')) } })],
  ['a number', (at: number) => [at]],
  ['a fraction', (at: number) => [at / 1024]],
  ['a date', (at: number) => [new Date(at)]],
  ['a Long', (at: number) => [Long.fromNumber(at)]],
])('values that differ in %s alone seldom have one hash', (_what, make) => {
  const hashes = new Set(Array.from({ length: 4096 }, (_, at) => hashOfValue(make(at))));
  expect(hashes.size).toBeGreaterThan(4090);
  // Also in the few bits by which a list is found.
  expect(new Set([...hashes].map((hash) => hash & 1023)).size).toBeGreaterThan(950);
});

it('of what is very large only a part is looked at', () => {
  const large = { text: 'a'.repeat(1e6), list: Array.from({ length: 1e6 }, (_, at) => at) };
  const began = processorMs();
  for (let times = 0; times < 100; times += 1) hashOfValue(large);
  expect(processorMs() - began).toBeLessThan(100);
});
