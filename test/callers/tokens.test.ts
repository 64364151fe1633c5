import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Callers, openCallers } from '../../src/callers/callers.ts';
import { Digits } from '../../src/json/leaf.ts';
import { parseConfig } from '../configured.ts';
import { hmac, type Issuer, KINDS, makeIssuer, parts } from './issuer.ts';

const NOW = 1_800_000_000;
const ISSUER = 'https://id.example/';
const claims = { iss: ISSUER, aud: 'codap', sub: 'ada', exp: NOW + 60, scope: 'read write' };

let issuer: Issuer;
let stranger: Issuer;
let callers: Callers;
beforeAll(async () => {
  [issuer, stranger] = await Promise.all([makeIssuer(), makeIssuer()]);
  const jwt = {
    issuer: ISSUER,
    audience: 'codap',
    jwks: 'https://id.example/jwks.json',
    algorithms: Object.keys(KINDS).filter((alg) => alg !== 'ES384'),
    claims: { scope: 'read' },
  };
  const config = parseConfig({ callers: { people: { jwt } } });
  callers = openCallers(config, { error: () => {} }, new Map(), () => Promise.resolve(issuer.jwks));
});
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW * 1000 });
});
afterEach(() => {
  vi.useRealTimers();
});

const asks = (token: string) => callers.of({ authorization: `Bearer ${token}` });

const GOOD: Record<string, () => string> = {
  'of RSA': () => issuer.token('RS256', claims),
  'of RSA with PSS': () => issuer.token('PS384', claims),
  'of an elliptic curve': () => issuer.token('ES256', claims),
  'of Ed25519': () => issuer.token('EdDSA', claims),
  'for several audiences': () => issuer.token('EdDSA', { ...claims, aud: ['other', 'codap'] }),
  'expired within the leeway': () => issuer.token('EdDSA', { ...claims, exp: NOW - 29 }),
  'valid from a moment within the leeway on': () => issuer.token('EdDSA', { ...claims, nbf: NOW + 30 }),
  'with its scopes in a list': () => issuer.token('EdDSA', { ...claims, scope: ['write', 'read'] }),
  'with one scope': () => issuer.token('EdDSA', { ...claims, scope: 'read' }),
  'without a type': () => issuer.token('EdDSA', claims, { typ: undefined }),
};

/** Changes one character of a part. */
const bent = (token: string, part: number, at = 5): string => {
  const all = token.split('.');
  const text = all[part]!;
  all[part] = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
  return all.join('.');
};
const without = (claim: string) => Object.fromEntries(Object.entries(claims).filter(([name]) => name !== claim));
const own = (more: object, header: object = {}) => issuer.token('EdDSA', { ...claims, ...more }, header);
const head = (more: object) => JSON.stringify({ alg: 'EdDSA', kid: 'EdDSA', ...more });
const body = JSON.stringify(claims);

const HOSTILE: Record<string, () => string> = {
  'alg none, unsigned': () => `${parts({ alg: 'none', kid: 'EdDSA' }, claims)}.`,
  'alg None': () => `${parts({ alg: 'None', kid: 'EdDSA' }, claims)}.`,
  'alg none, with the signature of another': () =>
    `${parts({ alg: 'none', kid: 'EdDSA' }, claims)}.${own({}).split('.')[2]}`,
  'no alg': () => issuer.token('EdDSA', claims, { alg: undefined }),
  'alg null': () => issuer.token('EdDSA', claims, { alg: null }),
  'alg a list': () => issuer.token('EdDSA', claims, { alg: ['EdDSA'] }),
  'alg in another case': () => issuer.token('EdDSA', claims, { alg: 'eddsa' }),
  'HS256 with the public key as PEM': () => hmac(issuer.publicKey('RS256').pem, { alg: 'HS256', kid: 'RS256' }, claims),
  'HS256 with the public key as PEM, trimmed': () =>
    hmac(issuer.publicKey('RS256').pem.trim(), { alg: 'HS256', kid: 'RS256' }, claims),
  'HS256 with the public key as DER': () => hmac(issuer.publicKey('RS256').der, { alg: 'HS256', kid: 'RS256' }, claims),
  'HS256 with the modulus': () =>
    hmac(Buffer.from(String(issuer.jwks.keys[0]!.n), 'base64url'), { alg: 'HS256', kid: 'RS256' }, claims),
  'HS256 with the x of a point': () =>
    hmac(Buffer.from(String(issuer.jwks.keys[2]!.x), 'base64url'), { alg: 'HS256', kid: 'ES256' }, claims),
  'HS256 with nothing': () => hmac('', { alg: 'HS256', kid: 'EdDSA' }, claims),
  'an algorithm that is not listed': () => issuer.token('ES384', claims),
  'RS256 signed by RSA that says RS384': () => issuer.token('RS256', claims, { alg: 'RS384' }),
  'PS256 signed as RS256': () => issuer.token('RS256', claims, { alg: 'PS256' }),
  'the wrong curve: ES256 with a key of P-384': () => issuer.token('ES384', claims, { alg: 'ES256' }),
  'ES256 with the name of an RSA key': () => issuer.token('ES256', claims, { kid: 'RS256' }),
  'EdDSA with the name of an EC key': () => issuer.token('EdDSA', claims, { kid: 'ES256' }),
  'a signature of zeros (CVE-2022-21449)': () =>
    `${parts({ alg: 'ES256', kid: 'ES256' }, claims)}.${Buffer.alloc(64).toString('base64url')}`,
  'a signature in DER': () =>
    `${parts({ alg: 'ES256', kid: 'ES256' }, claims)}.${Buffer.alloc(70, 48).toString('base64url')}`,
  'a signature that is short': () => own({}).slice(0, -4),
  'a signature that is bent': () => bent(own({}), 2),
  'claims that are bent': () => bent(own({}), 1),
  'a header that is bent': () => bent(own({}), 0, 20),
  'the signature of another token': () => `${parts(head({}), { ...claims, sub: 'bob' })}.${own({}).split('.')[2]}`,
  'signed by a stranger with our name of a key': () => stranger.token('EdDSA', claims),
  'signed by a stranger, with their key as jwk': () => stranger.token('EdDSA', claims, { jwk: stranger.jwks.keys[4] }),
  'with their key as jwk, and no kid': () =>
    stranger.token('EdDSA', claims, { kid: undefined, jwk: stranger.jwks.keys[4] }),
  'with their keys as jku': () => stranger.token('EdDSA', claims, { jku: 'https://evil.example/jwks.json' }),
  'with their keys as x5u': () => stranger.token('RS256', claims, { x5u: 'https://evil.example/chain.pem' }),
  'with their keys as x5c': () =>
    stranger.token('RS256', claims, { x5c: [issuer.publicKey('RS256').der.toString('base64')] }),
  'a kid that nobody has': () => own({}, { kid: 'nobody' }),
  'a kid that is a path': () => own({}, { kid: '../../../../dev/null' }),
  'a kid that is SQL': () => own({}, { kid: "x' UNION SELECT 'secret" }),
  'a kid that is an address': () => own({}, { kid: 'https://evil.example/key' }),
  'a kid that every object inherits': () => own({}, { kid: '__proto__' }),
  'a kid that is empty': () => own({}, { kid: '' }),
  'a kid that is a list': () => own({}, { kid: ['EdDSA'] }),
  'a kid that is a number': () => own({}, { kid: 5 }),
  'no kid': () => own({}, { kid: undefined }),
  'an unknown crit': () => own({}, { crit: ['x'], x: 1 }),
  'a crit of what is there anyway': () => own({}, { crit: ['alg'] }),
  'a crit that is empty': () => own({}, { crit: [] }),
  'a crit of b64': () => own({}, { crit: ['b64'], b64: true }),
  'a payload that is not encoded': () => own({}, { crit: ['b64'], b64: false }),
  'expired by a second beyond the leeway': () => own({ exp: NOW - 31 }),
  'expired exactly at the end of the leeway': () => own({ exp: NOW - 30 }),
  'no exp': () => issuer.token('EdDSA', without('exp')),
  'exp null': () => own({ exp: null }),
  'exp a text': () => own({ exp: String(NOW + 60) }),
  'exp a list': () => own({ exp: [NOW + 60] }),
  'exp beyond all numbers': () => issuer.signed('EdDSA', head({}), body.replace(/"exp":\d+/, '"exp":1e999')),
  'a claim of digits beyond all numbers': () =>
    issuer.signed('EdDSA', head({}), body.replace('{', `{"uid":${'9'.repeat(400)},`)),
  'nbf a second beyond the leeway': () => own({ nbf: NOW + 31 }),
  'nbf a text': () => own({ nbf: '0' }),
  'iat a text': () => own({ iat: 'now' }),
  'no iss': () => issuer.token('EdDSA', without('iss')),
  'wrong iss': () => own({ iss: 'https://evil.example/' }),
  'iss without its slash': () => own({ iss: ISSUER.slice(0, -1) }),
  'iss a list': () => own({ iss: [ISSUER] }),
  'no aud': () => issuer.token('EdDSA', without('aud')),
  'wrong aud': () => own({ aud: 'other' }),
  'a list of wrong aud': () => own({ aud: ['other', 'codap2'] }),
  'an empty list of aud': () => own({ aud: [] }),
  'an aud that begins alike': () => own({ aud: 'codap other' }),
  'an aud in a list in a list': () => own({ aud: [['codap']] }),
  'an aud in an object': () => own({ aud: { codap: true } }),
  'without the scope': () => own({ scope: 'write' }),
  'with a scope that begins alike': () => own({ scope: 'reader' }),
  'with no scope': () => issuer.token('EdDSA', without('scope')),
  'a claim twice, the right one last': () => issuer.signed('EdDSA', head({}), body.replace('{', `{"aud":"other",`)),
  'a claim twice, the right one first': () => issuer.signed('EdDSA', head({}), body.replace(/}$/, ',"sub":"bob"}')),
  'alg twice': () => issuer.signed('EdDSA', '{"alg":"none","alg":"EdDSA","kid":"EdDSA"}', body),
  'a claim twice, once escaped': () => issuer.signed('EdDSA', head({}), body.replace(/}$/, ',"su\\u0062":"bob"}')),
  huge: () => own({ pad: 'x'.repeat(8192) }),
  'one part': () => parts(head({}), claims).split('.')[0]!,
  'two parts': () => parts(head({}), claims),
  'four parts': () => `${own({})}.${own({}).split('.')[2]}`,
  'five parts, as what is encrypted': () => [...own({}).split('.'), 'AAAA', 'AAAA'].join('.'),
  'no header': () => `.${own({}).split('.').slice(1).join('.')}`,
  'no claims': () => own({}).replace(/\.[\w-]+\./, '..'),
  'an empty token': () => '',
  'points alone': () => '..',
  'whitespace in it': () => own({}).replace('.', '. '),
  'a line break in it': () => own({}).replace('.', '.\n'),
  'whitespace inside its JSON, unsigned': () => `${parts(`${head({})} `, claims)}.${own({}).split('.')[2]}`,
  'padding behind its signature': () => `${own({})}==`,
  'padding in the middle': () => own({}).replace('.', '=.'),
  'the letters of plain base64': () =>
    issuer
      .token('EdDSA', { ...claims, pad: '~~~???' })
      .replaceAll('_', '/')
      .replaceAll('-', '+'),
  'bits beyond the last byte': () => {
    const [header, payload, signature] = own({}).split('.') as [string, string, string];
    const last = signature.at(-1)!;
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    return `${header}.${payload}.${signature.slice(0, -1)}${alphabet[alphabet.indexOf(last) + 1]}`;
  },
  'unicode in it': () => own({}).replace('e', 'е'),
  'an invisible sign behind it': () => `${own({})}\u200b`,
  'JSON with a byte order mark': () => issuer.signed('EdDSA', `\ufeff${head({})}`, body),
  'JSON with a lone surrogate': () => issuer.signed('EdDSA', head({}), body.replace('ada', '\\ud800')),
  'bytes that are no UTF-8': () => {
    const text = `${parts(head({}), '')}${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}`;
    return `${text}.${own({}).split('.')[2]}`;
  },
  'claims that are a list': () => issuer.signed('EdDSA', head({}), `[${body}]`),
  'claims that are null': () => issuer.signed('EdDSA', head({}), 'null'),
  'claims that are a token': () => issuer.signed('EdDSA', head({ cty: 'JWT' }), own({})),
  'claims nested without end': () =>
    issuer.signed('EdDSA', head({}), body.replace('"ada"', `${'['.repeat(500)}${']'.repeat(500)}`)),
  'claims with something behind them': () => issuer.signed('EdDSA', head({}), `${body}{}`),
};

describe('a token', () => {
  it.each(Object.entries(GOOD))('%s is taken', async (_what, make) => {
    expect(await asks(make())).toMatchObject({ name: 'people', claims: { sub: 'ada', name: 'people' } });
  });

  it('is hostile in more than sixty ways', () => {
    expect(Object.keys(HOSTILE).length).toBeGreaterThan(60);
  });

  it.each(Object.entries(HOSTILE))('%s is refused', async (_what, make) => {
    expect(await asks(make())).toBeUndefined();
  });

  it('is refused once any one character of it is another', async () => {
    const token = own({});
    const taken: number[] = [];
    for (let at = 0; at < token.length; at += 1) {
      const other = token[at] === 'A' ? 'Q' : 'A';
      if (await asks(token.slice(0, at) + other + token.slice(at + 1))) taken.push(at);
    }
    expect(taken).toEqual([]);
  });

  it('is not looked into where it is too large', async () => {
    const reading = vi.spyOn(Buffer, 'from');
    try {
      expect(await asks(`${'A'.repeat(8190)}.A.A`)).toBeUndefined();
      expect(reading).not.toHaveBeenCalled();
    } finally {
      vi.restoreAllMocks();
    }
  });
});

describe('what a token claims', () => {
  it.each(['12345678901234567', '-9007199254740993', '12345678901234567.5', '9'.repeat(300)])(
    'keeps the digits of %s',
    async (digits) => {
      const caller = await asks(issuer.signed('EdDSA', head({}), body.replace('{', `{"uid":${digits},`)));
      expect(caller?.claims).toMatchObject({ uid: new Digits(digits), sub: 'ada' });
    },
  );

  it('is told as it says, but for who it is', async () => {
    const said = { ...claims, name: 'root', roles: ['a'], '10': 'ten', deep: { x: [1, null, true] }, ['__proto__']: 1 };
    const caller = await asks(issuer.token('EdDSA', said));
    expect(Object.fromEntries(caller!.claims as unknown as Iterable<[string, unknown]>)).toEqual({
      ...said,
      name: 'people',
      ['__proto__']: 1,
    });
  });
});
