import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Callers, openCallers } from '../../src/callers/callers.ts';
import { parseConfig } from '../configured.ts';
import { hmac, type Issuer, makeIssuer, parts } from './issuer.ts';

const ISSUER = 'https://id.example/';
const OTHER = 'https://other.example/';

let issuer: Issuer;
let stranger: Issuer;
beforeAll(async () => {
  [issuer, stranger] = await Promise.all([makeIssuer(), makeIssuer()]);
});

const jwt = (own: object) => ({ issuer: ISSUER, audience: 'codap', jwks: `${ISSUER}jwks.json`, ...own });
const open = (callers: object, keys = () => Promise.resolve<unknown>(issuer.jwks)): Callers =>
  openCallers(parseConfig({ callers }), { error: () => {} }, undefined, keys);
const now = () => Math.floor(Date.now() / 1000);
const claims = (own: object = {}) => ({
  iss: ISSUER,
  aud: 'codap',
  sub: 'ada',
  exp: now() + 600,
  scope: 'read',
  ...own,
});
const own = (more: object, header: object = {}) => issuer.token('EdDSA', claims(more), header);

async function told(callers: Callers, token: string): Promise<unknown> {
  const heard: unknown[] = [];
  const caller = await callers.of({ authorization: `Bearer ${token}` }, (refused) => heard.push(refused));
  expect(caller).toBeUndefined();
  expect(heard).toHaveLength(1);
  return heard[0];
}

describe('why a token is refused', () => {
  let callers: Callers;
  beforeEach(() => {
    callers = open({ people: { jwt: jwt({ claims: { scope: 'read' } }) } });
  });

  it.each<[string, () => string]>([
    ['expired', () => own({ exp: now() - 60 })],
    ['not yet valid', () => own({ nbf: now() + 60 })],
    ['exp, nbf or iat is no time', () => own({ exp: undefined })],
    ['exp, nbf or iat is no time', () => own({ nbf: 'soon' })],
    ['audience', () => own({ aud: 'others' })],
    ['issuer', () => own({ iss: OTHER })],
    ['claims', () => own({ scope: 'write' })],
    ['unknown kid', () => own({}, { kid: 'nobody' })],
    ['algorithm', () => issuer.token('ES384', claims())],
    ['algorithm', () => hmac('secret', { alg: 'HS256', kid: 'EdDSA' }, claims())],
    ['signature', () => stranger.token('EdDSA', claims())],
  ])('is told: %s', async (why, make) => {
    expect(await told(callers, make())).toEqual({ why, caller: 'people' });
  });

  it.each<[string, string, () => string]>([
    ['not a JWT', 'a key that nobody has', () => 'codap_unknown'],
    ['not a JWT', 'without a signature', () => `${parts({ alg: 'none', kid: 'EdDSA' }, claims())}.`],
    ['not a JWT', 'of no claims', () => issuer.signed('EdDSA', '{"alg":"EdDSA","kid":"EdDSA"}', '[]')],
    ['not a JWT', 'of a header that is no JSON', () => issuer.signed('EdDSA', '{"alg"', '{}')],
    ['no kid', 'without a kid', () => own({}, { kid: undefined })],
    ['no kid', 'with a kid that is no text', () => own({}, { kid: 1 })],
    ['crit', 'with an extension', () => own({}, { crit: ['x'], x: 1 })],
    [
      'JSON that readers differ on',
      'with a name twice in its header',
      () => issuer.signed('EdDSA', '{"alg":"EdDSA","kid":"EdDSA","kid":"x"}', JSON.stringify(claims())),
    ],
    [
      'JSON that readers differ on',
      'with a name twice in its claims',
      () => issuer.signed('EdDSA', '{"alg":"EdDSA","kid":"EdDSA"}', '{"sub":"ada","sub":"bob"}'),
    ],
    [
      'JSON that readers differ on',
      'with claims that are nested too deep',
      () => issuer.signed('EdDSA', '{"alg":"EdDSA","kid":"EdDSA"}', `{"a":${'['.repeat(16)}${']'.repeat(16)}}`),
    ],
    ['too long', 'of more than 8192 characters', () => own({ more: 'x'.repeat(8192) })],
  ])('is told before any caller is looked at: %s, %s', async (why, _what, make) => {
    expect(await told(callers, make())).toEqual({ why });
  });

  it('is told where the issuer’s keys cannot be had', async () => {
    const down = open({ people: { jwt: jwt({}) } }, () => Promise.reject(new Error('down')));
    expect(await told(down, own({}))).toEqual({ why: 'no keys are known', caller: 'people' });
  });

  it.each([
    ['too short', () => generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })],
    ['none of its kind', () => ({ kty: 'RSA', e: 'AQAB' })],
  ])('is told where the key that it names is %s', async (_what, key) => {
    const keys = [{ ...key(), kid: 'RS256' }];
    const weak = open({ people: { jwt: jwt({}) } }, () => Promise.resolve({ keys }));
    expect(await told(weak, issuer.token('RS256', claims()))).toEqual({
      why: 'a key that cannot be used',
      caller: 'people',
    });
  });

  it.each<[string, string, () => string]>([
    ['staff', 'claims', () => own({ scope: 'none' })],
    ['readers', 'expired', () => own({ exp: now() - 60 })],
    ['partners', 'audience', () => own({ iss: OTHER })],
    ['staff', 'issuer', () => own({ iss: 'https://nobody.example/' })],
  ])('is of several callers the one that it came furthest by: %s, %s', async (caller, why, make) => {
    const several = open({
      staff: { jwt: jwt({ claims: { scope: 'admin' } }) },
      readers: { jwt: jwt({ claims: { scope: 'read' } }) },
      partners: { jwt: jwt({ issuer: OTHER, audience: 'partners' }) },
    });
    expect(await told(several, make())).toEqual({ why, caller });
  });

  it('is not told of a key, where nobody has tokens, nor of a token that is taken', async () => {
    const heard: unknown[] = [];
    const keys = open({ web: { keys: [`sha256:${'0'.repeat(64)}`] } });
    for (const text of ['x', 'x'.repeat(8193)]) {
      expect(await keys.of({ authorization: `Bearer ${text}` }, (refused) => heard.push(refused))).toBeUndefined();
      expect(await callers.of({ 'x-api-key': text }, (refused) => heard.push(refused))).toBeUndefined();
    }
    const taken = await callers.of({ authorization: `Bearer ${own({})}` }, (refused) => heard.push(refused));
    expect(taken?.name).toBe('people');
    expect(heard).toEqual([]);
  });
});
