import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { describe, expect, it, vi } from 'vitest';
import { ApiKeys, hashOf, makeKey } from '../../src/callers/api-keys.ts';

const made = Array.from({ length: 20 }, makeKey);
const keys = new ApiKeys(
  Array.from({ length: 10 }, (_, at) => ({ keys: made.slice(2 * at, 2 * at + 2).map(hashOf), owner: `caller${at}` })),
);

/** A key with another character in one place. */
const bent = (key: string, at: number): string => {
  const place = at < 0 ? key.length + at : at;
  return key.slice(0, place) + (key[place] === 'x' ? 'y' : 'x') + key.slice(place + 1);
};

describe('keys', () => {
  it('are random, told by how they begin, and may be sent as a bearer', () => {
    expect(new Set(made).size).toBe(20);
    for (const key of made) expect(key).toMatch(/^codap_[\w-]{43}$/);
  });

  it('are known by their SHA-256', () => {
    expect(hashOf('abc')).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('each belong to one caller, who may have several', () => {
    expect(made.map((key) => keys.find(key))).toEqual(made.map((_, at) => `caller${Math.floor(at / 2)}`));
  });

  it('that are nobody’s belong to nobody', () => {
    const key = made[7]!;
    const wrong = ['', 'x', bent(key, 0), bent(key, -1), key.slice(0, -1), `${key}x`, ` ${key}`, key.toUpperCase()];
    expect([...wrong, hashOf(key), hashOf(key).slice(7)].map((one) => keys.find(one))).toEqual(
      Array(10).fill(undefined),
    );
    expect(new ApiKeys([]).find(key)).toBeUndefined();
  });

  it('are each compared with every key there is, as a whole, whatever is given', () => {
    const compare = vi.spyOn(crypto, 'timingSafeEqual');
    syncBuiltinESMExports();
    try {
      const given = [made[0]!, made.at(-1)!, bent(made[0]!, 0), bent(made[0]!, -1), '', 'x'.repeat(8192)];
      const counts = given.map((key) => {
        compare.mockClear();
        keys.find(key);
        expect(compare.mock.calls.every(([a, b]) => a.byteLength === 32 && b.byteLength === 32)).toBe(true);
        return compare.mock.calls.length;
      });
      expect(counts).toEqual(given.map(() => 20));
    } finally {
      compare.mockRestore();
      syncBuiltinESMExports();
    }
  });
});
