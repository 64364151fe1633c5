import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { describe, expect, it, vi } from 'vitest';
import { ApiKeys, hashedKey, makeKey } from '../../src/callers/api-keys.ts';

const made = Array.from({ length: 20 }, makeKey);
const keys = new ApiKeys(
  Array.from({ length: 10 }, (_, at) => ({
    keys: made.slice(2 * at, 2 * at + 2).map(hashedKey),
    owner: `caller${at}`,
  })),
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
    expect(hashedKey('abc')).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('each belong to one caller, who may have several', () => {
    expect(made.map((key) => keys.find(key))).toEqual(made.map((_, at) => `caller${Math.floor(at / 2)}`));
  });

  it('that are nobody’s belong to nobody', () => {
    const key = made[7]!;
    const wrong = ['', 'x', bent(key, 0), bent(key, -1), key.slice(0, -1), `${key}x`, ` ${key}`, key.toUpperCase()];
    expect([...wrong, hashedKey(key), hashedKey(key).slice(7)].map((one) => keys.find(one))).toEqual(
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

describe('how long it takes to find a key', () => {
  /** Wrong keys, each wrong in another way, as flat texts. */
  const WRONG = ['first byte', 'last byte', 'one byte less', 'one byte more'] as const;
  const flat = (text: string): string => Buffer.from(text).toString();
  const wrongWays = (key: string): Record<(typeof WRONG)[number], string> => ({
    'first byte': flat(bent(key, 0)),
    'last byte': flat(bent(key, -1)),
    'one byte less': flat(key.slice(0, -1)),
    'one byte more': flat(`${key}x`),
  });

  /**
   * How surely one takes longer than another: all are timed in each round, in a random order, and the rounds
   * in which it did are counted. Where neither does, that is a toss of a coin: its standard deviations from
   * half are rarely beyond 3, and beyond 6 once in 500 million.
   */
  function deviations(find: (key: string) => unknown, key: string, rounds = 1000): Map<string, number> {
    const ways = Object.entries(wrongWays(key));
    const won = new Map<string, { longer: number; shorter: number }>();
    for (let round = -100; round < rounds; round += 1) {
      const took: Record<string, number> = {};
      const order = ways.map((way) => ({ way, at: Math.random() })).toSorted((a, b) => a.at - b.at);
      for (const { way } of order) {
        const began = performance.now();
        for (let time = 0; time < 5; time += 1) find(way[1]);
        took[way[0]] = performance.now() - began;
      }
      if (round < 0) continue;
      for (const [at, one] of WRONG.entries()) {
        for (const other of WRONG.slice(at + 1)) {
          const name = `${one} and ${other}`;
          const counts = won.get(name) ?? { longer: 0, shorter: 0 };
          if (took[one]! > took[other]!) counts.longer += 1;
          if (took[one]! < took[other]!) counts.shorter += 1;
          won.set(name, counts);
        }
      }
    }
    return new Map(
      [...won].map(([name, { longer, shorter }]) => [name, Math.abs(longer - shorter) / Math.sqrt(longer + shorter)]),
    );
  }

  it('says nothing of what is wrong with it', () => {
    const found = deviations((key) => keys.find(key), made[7]!);
    expect(found.size).toBe(6);
    for (const [pair, sigma] of found) expect(sigma, pair).toBeLessThan(6);
  });

  it('would be told by this, if it were compared byte by byte', () => {
    const bytes = made.map((key) => Buffer.from(key));
    const careless = (key: string): boolean => {
      const given = Buffer.from(key);
      return bytes.some((known) => {
        if (known.length !== given.length) return false;
        for (let at = 0; at < known.length; at += 1) if (known[at] !== given[at]) return false;
        return true;
      });
    };
    const told = ['first byte and last byte', 'last byte and one byte less'];
    // Where the machine is busy with something else, it takes more rounds to see.
    let found = new Map<string, number>();
    for (const rounds of [1000, 4000, 16_000]) {
      found = deviations(careless, flat(made[7]!), rounds);
      if (told.every((pair) => found.get(pair)! > 6)) break;
    }
    for (const pair of told) expect(found.get(pair), pair).toBeGreaterThan(6);
  });
});
