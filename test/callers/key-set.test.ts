import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { KeySet } from '../../src/callers/key-set.ts';

let jwk: JWK;
beforeAll(async () => {
  jwk = await exportJWK((await generateKeyPair('EdDSA')).publicKey);
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A key set whose server has these keys, by their names, and how often it was asked. */
function having(...names: string[]) {
  const server = { names, isDown: false, asked: 0, failures: [] as unknown[], answer: undefined as unknown };
  const keys = new KeySet(async () => {
    server.asked += 1;
    await Promise.resolve();
    if (server.isDown) throw new Error('down');
    return server.answer === undefined ? { keys: server.names.map((kid) => ({ ...jwk, kid })) } : server.answer;
  });
  return {
    server,
    has: (kid: string) =>
      keys
        .keyFor({ alg: 'EdDSA', kid }, (error) => server.failures.push(error))
        .then(
          () => true,
          () => false,
        ),
  };
}

describe('a key set', () => {
  it('is fetched when a key is needed first, and kept', async () => {
    const { server, has } = having('a', 'b');
    expect(server.asked).toBe(0);
    expect([await has('a'), await has('b'), await has('a')]).toEqual([true, true, true]);
    expect(server.asked).toBe(1);
  });

  it('is fetched once for all who need it at a time', async () => {
    const { server, has } = having('a');
    expect(await Promise.all(Array.from({ length: 50 }, () => has('a')))).toEqual(Array(50).fill(true));
    expect(server.asked).toBe(1);
  });

  it('is fetched again for a key that came later, but not within 30 seconds', async () => {
    const { server, has } = having('a');
    await has('a');
    server.names = ['b'];
    vi.advanceTimersByTime(29_999);
    expect([await has('b'), await has('a')]).toEqual([false, true]);
    expect(server.asked).toBe(1);
    vi.advanceTimersByTime(1);
    expect([await has('b'), await has('a')]).toEqual([true, false]);
    expect(server.asked).toBe(2);
  });

  it('is not asked for more often, however many keys there are not', async () => {
    const { server, has } = having('a');
    for (let second = 0; second < 120; second += 1) {
      await Promise.all(Array.from({ length: 10 }, (_, at) => has(`no-${second}-${at}`)));
      vi.advanceTimersByTime(1000);
    }
    expect(server.asked).toBe(4);
  });

  it('works on with the keys that are known while it cannot be had, which is told each time', async () => {
    const { server, has } = having('a');
    await has('a');
    server.isDown = true;
    vi.advanceTimersByTime(30_000);
    expect([await has('b'), await has('a')]).toEqual([false, true]);
    expect([server.asked, server.failures.length]).toEqual([2, 1]);
  });

  it.each([[null], ['keys'], [[]], [{}], [{ keys: {} }], [{ keys: [1] }], [{ keys: 'a' }]])(
    'that is %j is none, and changes nothing',
    async (answer) => {
      const { server, has } = having('a');
      await has('a');
      server.answer = answer;
      vi.advanceTimersByTime(30_000);
      expect([await has('b'), await has('a')]).toEqual([false, true]);
      expect(server.failures).toHaveLength(1);
    },
  );

  it('that was never had knows no key, and is asked for again after ever longer pauses', async () => {
    const { server, has } = having('a');
    server.isDown = true;
    const asked: number[] = [];
    for (let second = 0; second < 100; second += 0.5) {
      const before = server.asked;
      expect([await has('a'), await has('b')]).toEqual([false, false]);
      if (server.asked > before) asked.push(second);
      vi.advanceTimersByTime(500);
    }
    expect(asked).toEqual([0, 1, 3, 7, 15, 31, 61, 91]);
    expect(server.failures).toHaveLength(asked.length);
  });

  it('that comes up a second after codap is there then', async () => {
    const { server, has } = having('a');
    server.isDown = true;
    expect(await has('a')).toBe(false);
    server.isDown = false;
    vi.advanceTimersByTime(1000);
    expect(await has('a')).toBe(true);
    // From now on the pause is the long one.
    vi.advanceTimersByTime(29_999);
    expect([await has('b'), server.asked]).toEqual([false, 2]);
  });

  it('is renewed behind those who use it after ten minutes, so that what was withdrawn ends', async () => {
    const { server, has } = having('a', 'b');
    await has('a');
    server.names = ['b'];
    vi.advanceTimersByTime(600_001);
    expect(await has('a')).toBe(true);
    await new Promise(setImmediate);
    expect([await has('a'), await has('b')]).toEqual([false, true]);
    expect(server.asked).toBe(2);
  });

  // Those who have keys keep asking, once a second. The server is down for these seconds.
  it.each([
    ['never', [0, 0], [0, 601, 1202]],
    ['at the first renewal', [600, 602], [0, 601, 631, 1232]],
    ['for longer', [600, 700], [0, 601, 631, 661, 691, 721, 1322]],
  ])(
    'is asked for again ten minutes after it came, and each 30 seconds where that fails: down %s',
    async (_when, [from, until], at) => {
      const { server, has } = having('a');
      const asked: number[] = [];
      for (let second = 0; second < 1330; second += 1) {
        const before = server.asked;
        server.isDown = from! < second && second < until!;
        expect(await has('a')).toBe(true);
        await new Promise(setImmediate);
        if (server.asked > before) asked.push(second);
        vi.advanceTimersByTime(1000);
      }
      expect(asked).toEqual(at);
      expect(server.failures).toHaveLength(at.length - 3);
    },
  );

  it('has no key for a signature that is not its own', async () => {
    const keys = new KeySet(() =>
      Promise.resolve({
        keys: [
          { ...jwk, kid: 'a', use: 'enc' },
          { ...jwk, kid: 'b', alg: 'ES256' },
        ],
      }),
    );
    for (const kid of ['a', 'b']) await expect(keys.keyFor({ alg: 'EdDSA', kid }, () => {})).rejects.toThrow();
  });
});
