import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openCallers } from '../../src/callers/callers.ts';
import { ANYONE } from '../../src/callers/known-caller.ts';
import { VerifiedTokens } from '../../src/callers/verified-tokens.ts';
import { parseConfig } from '../configured.ts';
import { makeIssuer } from './issuer.ts';

const NOW = 1_800_000_000;
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOW * 1000 }));
afterEach(() => void vi.useRealTimers());

describe('a token that was verified', () => {
  it('is known for ten seconds, and no other one by it', () => {
    const verified = new VerifiedTokens();
    verified.add('a.b.c', ANYONE, NOW + 3600);
    expect(verified.find('a.b.c')).toBe(ANYONE);
    for (const other of ['a.b.d', 'a.b.c ', 'a.b', '', 'A.b.c']) expect(verified.find(other)).toBeUndefined();
    vi.setSystemTime((NOW + 9.999) * 1000);
    expect(verified.find('a.b.c')).toBe(ANYONE);
    vi.setSystemTime((NOW + 10) * 1000);
    expect(verified.find('a.b.c')).toBeUndefined();
  });

  it.each([5, 0, -20])('is never known beyond its end: in %i s', (left) => {
    const verified = new VerifiedTokens();
    verified.add('a.b.c', ANYONE, NOW + left);
    vi.setSystemTime(Math.max(NOW, NOW + left) * 1000);
    expect(verified.find('a.b.c')).toBeUndefined();
  });

  it('is one of a thousand at most', () => {
    const verified = new VerifiedTokens();
    for (let at = 0; at <= 1000; at += 1) verified.add(String(at), ANYONE, NOW + 3600);
    expect(verified.find('0')).toBeUndefined();
    expect(verified.find('1000')).toBe(ANYONE);
  });

  it('is whose it was, and nobody’s once it has expired', async () => {
    const issuer = await makeIssuer();
    const jwt = { issuer: 'https://id.example/', audience: 'codap', jwks: 'https://id.example/jwks.json' };
    const log = { error: () => {} };
    const { of } = openCallers(parseConfig({ callers: { people: { jwt } } }), log, new Map(), () =>
      Promise.resolve(issuer.jwks),
    );
    const tokenOf = (sub: string): object => ({
      authorization: `Bearer ${issuer.token('ES256', { iss: jwt.issuer, aud: 'codap', exp: NOW + 4, sub })}`,
    });
    const [ada, grace] = [tokenOf('ada'), tokenOf('grace')];
    for (let times = 0; times < 2; times += 1) {
      expect((await of(ada))?.claims).toMatchObject({ sub: 'ada', name: 'people' });
      expect((await of(grace))?.claims).toMatchObject({ sub: 'grace', name: 'people' });
    }
    vi.setSystemTime((NOW + 4 + 31) * 1000);
    expect(await of(ada)).toBeUndefined();
  });
});
