import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { hashedKey, makeKey } from '../../src/callers/api-keys.ts';
import { type KeySets, openCallers } from '../../src/callers/callers.ts';
import { parseConfig } from '../configured.ts';
import { type Issuer, makeIssuer } from './issuer.ts';

const REST = { adapter: 'rest', url: 'https://shop.example/' };
const ISSUER = 'https://id.example/';
const [web, second, app, retired] = [makeKey(), makeKey(), makeKey(), makeKey()];
const jwt = (claims: object = {}, own: object = {}) => ({
  issuer: ISSUER,
  audience: 'codap',
  jwks: `${ISSUER}jwks.json`,
  claims,
  ...own,
});

let issuer: Issuer;
let other: Issuer;
beforeAll(async () => {
  [issuer, other] = await Promise.all([makeIssuer(), makeIssuer()]);
});

/** Callers of a configuration, what they fetched, and what was logged. */
function open(callers: object | undefined, fetch?: (url: string) => Promise<unknown>) {
  const fetched: string[] = [];
  const logged: object[] = [];
  const config = parseConfig({
    sources: { shop: REST, photos: REST },
    batches: { profile: { pattern: 'kv', queries: {} } },
    callers,
  });
  const opened = openCallers(config, { error: (fields) => logged.push(fields) }, new Map(), (url) => {
    fetched.push(url);
    return fetch?.(url) ?? Promise.resolve(url.includes('other') ? other.jwks : issuer.jwks);
  });
  const named = async (headers: object) => (await opened.of(headers))?.name;
  return { of: opened.of, named, fetched, logged };
}

const token = (claims: object = {}, by = issuer, kid: Parameters<Issuer['token']>[0] = 'EdDSA') =>
  by.token(kid, { iss: ISSUER, aud: 'codap', exp: Date.now() / 1000 + 60, sub: 'ada', ...claims });
const bearer = (text: string) => ({ authorization: `Bearer ${text}` });

describe('without callers', () => {
  it('everyone may do everything, and nothing is known of them', async () => {
    const caller = await open(undefined).of({});
    expect(caller).toMatchObject({ name: undefined, adhoc: true, metrics: true, maxTimeoutMs: Infinity, claims: {} });
    expect([caller!.sources.has('shop'), caller!.batches.has('profile')]).toEqual([true, true]);
  });
});

describe('a key', () => {
  const callers = {
    web: { keys: [hashedKey(web), hashedKey(second)], sources: ['shop'], adhoc: true, maxTimeoutMs: 500 },
    app: { keys: [hashedKey(app)], batches: '*', metrics: true },
  };

  it.each([
    ['web', bearer(web)],
    ['web', { 'x-api-key': second }],
    ['app', { authorization: `bearer   ${app}` }],
    ['app', { authorization: 'Bearer of-somebody-else', 'x-api-key': app }],
  ])('says that it is %s who asks', async (name, headers) => {
    expect(await open(callers).named(headers)).toBe(name);
  });

  it.each([
    [{}],
    [bearer('')],
    [bearer(retired)],
    [{ authorization: web }],
    [{ authorization: `Basic ${web}` }],
    [{ authorization: `Bearer${web}` }],
    [{ authorization: `Bearer ${web}, Bearer ${web}` }],
    [{ authorization: `Bearer ${web} ` }],
    [{ 'x-api-key': '' }],
    [{ 'x-api-key': retired }],
    [{ 'x-api-key': `${web}, ${web}` }],
    [{ 'x-api-key': retired, ...bearer(web) }],
    [{ 'x-api-key': '', ...bearer(web) }],
    [{ 'x-api-key': `Bearer ${web}` }],
    [{ 'x-api-key': 'x'.repeat(9000) }],
    [{ 'x-api-key': hashedKey(web) }],
  ])('that is not right says nothing: %j', async (headers) => {
    expect(await open(callers).of(headers)).toBeUndefined();
  });

  it('is not the empty text, even where somebody configured its hash', async () => {
    expect(await open({ web: { keys: [hashedKey('')] } }).of({ 'x-api-key': '' })).toBeUndefined();
  });

  it('lets its caller do what the configuration says, and nothing else', async () => {
    const { of } = open(callers);
    const [one, two] = [await of(bearer(web)), await of(bearer(app))];
    expect(one).toMatchObject({ adhoc: true, metrics: false, maxTimeoutMs: 500, claims: { name: 'web' } });
    expect(['shop', 'photos', 'toString', 'nobody'].map((name) => one!.sources.has(name))).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(one!.batches.has('profile')).toBe(false);
    expect(two).toMatchObject({ adhoc: false, metrics: true, maxTimeoutMs: Infinity, claims: { name: 'app' } });
    expect([two!.sources.has('shop'), two!.batches.has('profile')]).toEqual([false, true]);
  });

  it('has its caller share what it may use with all keys of that caller, and with no other caller', async () => {
    const rate = { perSecond: 1, burst: 2 };
    const { of } = open({ web: { ...callers.web, rate }, app: callers.app });
    const quotas = await Promise.all([web, second, app].map(async (key) => (await of(bearer(key)))!.quota));
    expect(quotas[0]).toBe(quotas[1]);
    expect(quotas.map((quota) => quota.take())).toEqual([0, 0, 0]);
    expect(quotas[0]!.take()).toBeGreaterThan(0);
    expect(quotas[2]!.take()).toBe(0);
  });
});

describe('a token', () => {
  it('belongs to the first caller whose claims it meets', async () => {
    const { named } = open({
      admins: { jwt: jwt({ role: 'admin', level: 2 }) },
      writers: { jwt: jwt({ scope: 'write' }) },
      readers: { jwt: jwt({ scp: 'read' }) },
      others: { jwt: jwt({}, { audience: 'other' }) },
      people: { jwt: jwt() },
    });
    const asks = (claims: object) => named(bearer(token(claims)));
    expect(await asks({ role: ['user', 'admin'], level: 2, scope: 'write' })).toBe('admins');
    expect(await asks({ role: 'admin', level: '2', scope: 'read write' })).toBe('writers');
    expect(await asks({ role: 'admin user', level: 2, scp: 'write read' })).toBe('readers');
    expect(await asks({ scope: ['read'], scp: ['read'] })).toBe('readers');
    expect(await asks({ aud: ['other', 'codap'] })).toBe('others');
    expect(await asks({ scope: 'writers', scp: 'readonly' })).toBe('people');
    expect(await asks({ aud: 'nobody' })).toBeUndefined();
  });

  it('of an issuer with two sets of keys is verified by either', async () => {
    const { named } = open({
      old: { jwt: jwt() },
      new: { jwt: jwt({}, { jwks: 'https://other.example/jwks.json' }) },
    });
    expect([await named(bearer(token())), await named(bearer(token({}, other)))]).toEqual(['old', 'new']);
  });

  describe('of which the first whose claims it meets takes another signature', () => {
    const free = { jwt: jwt({ tier: 'free' }, { algorithms: ['ES256'] }) };
    const all = { jwt: jwt() };
    const elsewhere = { jwt: jwt({}, { jwks: 'https://other.example/jwks.json' }) };
    const tier = { tier: 'free' };

    it.each<[string, object, string | undefined, () => string]>([
      ['is nobody’s', { free, all }, undefined, () => token(tier)],
      ['is nobody’s, whoever has other keys', { free, elsewhere, all }, undefined, () => token(tier)],
      ['is its who has other keys', { free, all, elsewhere }, 'elsewhere', () => token(tier, other)],
      ['is its who takes it and comes first', { all, free }, 'all', () => token(tier)],
      ['is its whose other claims it meets', { free, all }, 'all', () => token()],
      ['is that first one’s where that takes it', { free, all }, 'free', () => token(tier, issuer, 'ES256')],
    ])('%s', async (_what, callers, name, make) => {
      expect(await open(callers).named(bearer(make()))).toBe(name);
    });
  });

  it.each(['id', 'other'])('of an issuer with two sets of keys is verified where %s is down', async (down) => {
    const { named, fetched } = open(
      { old: { jwt: jwt() }, same: { jwt: jwt() }, new: { jwt: jwt({}, { jwks: 'https://other.example/jwks.json' }) } },
      (url) => (url.includes(`/${down}.`) ? Promise.reject(new Error('down')) : Promise.resolve(issuer.jwks)),
    );
    expect(await named(bearer(token()))).toBe(down === 'id' ? 'new' : 'old');
    expect(fetched).toHaveLength(down === 'id' ? 2 : 1);
  });

  it('is taken from a caller who also has a key, but not as X-Api-Key', async () => {
    const { named } = open({ people: { jwt: jwt(), keys: [hashedKey(web)] } });
    expect([await named(bearer(token())), await named(bearer(web))]).toEqual(['people', 'people']);
    expect(await named({ 'x-api-key': token() })).toBeUndefined();
  });

  it('asks for no keys unless it might be somebody’s, and once for callers who share them', async () => {
    const { named, fetched } = open({ a: { jwt: jwt({ x: 1 }) }, b: { jwt: jwt() } });
    await named(bearer('no.token.here'));
    await named(bearer(token({ iss: 'https://evil.example/' })));
    expect(fetched).toEqual([]);
    expect(await Promise.all([token(), token({ x: 1 })].map((text) => named(bearer(text))))).toEqual(['b', 'a']);
    expect(fetched).toEqual(['https://id.example/jwks.json']);
  });

  it('is nobody’s where nobody has tokens', async () => {
    expect(await open({ web: { keys: [hashedKey(web)] } }).named(bearer(token()))).toBeUndefined();
  });
});

describe('keys of an issuer that cannot be had', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('refuse its tokens, tell the log once in 30 seconds, and leave other callers alone', async () => {
    const down = () => Promise.reject(new Error('down'));
    const { named, fetched, logged } = open({ people: { jwt: jwt() }, web: { keys: [hashedKey(web)] } }, down);
    const ask = () => Promise.all([token(), token(), web].map((text) => named(bearer(text))));
    expect(await ask()).toEqual([undefined, undefined, 'web']);
    await ask();
    expect([fetched.length, logged.length]).toEqual([1, 1]);
    vi.advanceTimersByTime(30_000);
    await ask();
    expect([fetched.length, logged.length]).toEqual([2, 2]);
    expect(logged[0]).toMatchObject({ caller: 'people' });
  });
});

describe('the next configuration, with the key sets that are known', () => {
  const jwksOf = (issuer: string): string => `https://${issuer}.example/jwks.json`;
  const open = (callers: object | undefined, keySets: KeySets, told: unknown[]) => {
    const of = ([name, issuer]: [string, string]) => [name, { jwt: jwt({}, { jwks: jwksOf(issuer) }) }] as const;
    const named = callers && Object.fromEntries(Object.entries(callers as Record<string, string>).map(of));
    const log = { error: (fields: object) => told.push((fields as { caller: unknown }).caller) };
    return openCallers(parseConfig({ callers: named }), log, keySets, () => Promise.reject(new Error('down')));
  };

  it.each<[string, object | undefined, string[], string[]]>([
    ['the same', { people: 'a' }, ['people'], ['a']],
    ['of another name', { staff: 'a' }, ['staff'], ['a']],
    ['beside a new one', { people: 'a', staff: 'b' }, ['people', 'staff'], ['a', 'b']],
    ['two of one issuer', { staff: 'a', people: 'a' }, ['staff'], ['a']],
    ['with another issuer', { people: 'b' }, ['people'], ['b']],
    ['with none', undefined, [], []],
  ])('%s: tells its own log of its own caller, and keeps no other set', async (_what, next, told, kept) => {
    const keySets: KeySets = new Map();
    const [before, after]: unknown[][] = [[], []];
    open({ people: 'a' }, keySets, before!);
    const set = keySets.get(jwksOf('a'));
    const { of } = open(next, keySets, after!);
    await of(bearer(token()));
    expect([before, after]).toEqual([[], told]);
    expect([...keySets.keys()]).toEqual(kept.map(jwksOf));
    if (kept.includes('a')) expect(keySets.get(jwksOf('a'))).toBe(set);
  });
});
