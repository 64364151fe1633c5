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

  it.each<[string, () => string]>([
    ['a key that nobody has', () => 'codap_unknown'],
    ['without a signature', () => `${parts({ alg: 'none', kid: 'EdDSA' }, claims())}.`],
    ['without a kid', () => own({}, { kid: undefined })],
    ['with an extension', () => own({}, { crit: ['x'], x: 1 })],
    ['of no claims', () => issuer.signed('EdDSA', '{"alg":"EdDSA","kid":"EdDSA"}', '[]')],
  ])('is told of what is no JWT: %s', async (_what, make) => {
    expect(await told(callers, make())).toEqual({ why: 'not a JWT' });
  });

  it('is told where the issuer’s keys cannot be had', async () => {
    const down = open({ people: { jwt: jwt({}) } }, () => Promise.reject(new Error('down')));
    expect(await told(down, own({}))).toEqual({ why: 'no keys are known', caller: 'people' });
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
    expect(await keys.of({ authorization: 'Bearer x' }, (refused) => heard.push(refused))).toBeUndefined();
    const taken = await callers.of({ authorization: `Bearer ${own({})}` }, (refused) => heard.push(refused));
    expect(taken?.name).toBe('people');
    expect(heard).toEqual([]);
  });
});
