import { hash } from 'node:crypto';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, type Env } from '../../src/config/load.ts';
import { loadConfig, parseConfig } from '../configured.ts';

const KEY = `sha256:${'0123456789abcdef'.repeat(4)}`;
const OTHER = `sha256:${'f'.repeat(64)}`;
const JWT = { issuer: 'https://id.example/', audience: 'codap', jwks: 'https://id.example/jwks.json' };
const REST = { adapter: 'rest', url: 'https://shop.example/' };

const parse = (callers: unknown, env: Env = {}, own: object = {}) =>
  Object.fromEntries(configOf(callers, env, own).callers!);
const configOf = (callers: unknown, env: Env, own: object) =>
  parseConfig(
    {
      sources: { shop: REST, photos: REST },
      batches: { profile: { pattern: 'kv', queries: {} } },
      ...own,
      callers,
    },
    env,
  );

/** The faults of a configuration, by their paths. */
function faultsOf(callers: unknown, env?: Env, own?: object): Record<string, string> {
  try {
    parse(callers, env, own);
  } catch (error) {
    if (error instanceof ConfigError) return Object.fromEntries(error.faults.map(({ path, detail }) => [path, detail]));
    throw error;
  }
  return {};
}

/** Where there are faults in a caller `web`. */
const placesIn = (web: unknown) => Object.keys(faultsOf({ web }));

describe('callers', () => {
  it('are not there where nothing is said of them', () => {
    expect(parseConfig({}).callers).toBeUndefined();
  });

  it.each([
    ['YAML', (name: string) => `  ${name}: { keys: ['sha256:${hash('sha256', name)}'] }\n`],
    ['JSON', (name: string) => `  "${name}": { keys: ['sha256:${hash('sha256', name)}'] },\n`],
  ])('stand in the order in which they are written as %s, whatever their names are', async (_form, written) => {
    const names = ['web', '20', '10', 'app', '0'];
    const lines = names.map(written).join('');
    await using folder = await mkdtempDisposable(join(tmpdir(), 'callers-'));
    const file = join(folder.path, 'codap.yaml');
    await writeFile(file, lines.includes('"') ? `{ callers: {\n${lines}} }` : `callers:\n${lines}`);
    expect([...(await loadConfig(file)).callers!.keys()]).toEqual(names);
  });

  it('may do nothing that is not said', () => {
    expect(parse({ web: { keys: [KEY] }, people: { jwt: JWT } })).toEqual({
      web: { keys: [KEY], sources: [], batches: [], adhoc: false, metrics: false },
      people: {
        jwt: { ...JWT, algorithms: ['RS256', 'ES256', 'EdDSA'], claims: {} },
        sources: [],
        batches: [],
        adhoc: false,
        metrics: false,
      },
    });
  });

  it('may do what is said', () => {
    const web = {
      keys: [KEY, OTHER],
      jwt: { ...JWT, algorithms: ['PS384'], claims: { scope: 'read', admin: true, level: 3 } },
      sources: ['shop', 'photos'],
      batches: '*',
      adhoc: true,
      metrics: true,
      rate: { perSecond: 0.5, burst: 200 },
      maxInFlight: 50,
      maxTimeoutMs: 5000,
    };
    expect(parse({ web, mobile: { keys: [`sha256:${'a'.repeat(64)}`], batches: ['profile'] } })).toMatchObject({ web });
  });

  it.each([
    ['nobody', {}, ['callers']],
    ['no object', null, ['callers']],
    ['a name with a space', { 'a b': { keys: [KEY] } }, ['callers.a b']],
    ['neither keys nor tokens', { web: { adhoc: true } }, ['callers.web']],
    ['an unknown field', { web: { keys: [KEY], admin: true } }, ['callers.web.admin']],
    ['a field of jwt that is unknown', { web: { jwt: { ...JWT, secret: 'x' } } }, ['callers.web.jwt.secret']],
  ])('%s is a fault', (_what, callers, paths) => {
    expect(Object.keys(faultsOf(callers))).toEqual(paths);
  });

  it.each([
    'codap_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA',
    'sha256:secret',
    `sha256:${'0'.repeat(63)}`,
    `sha256:${'0'.repeat(65)}`,
    `SHA256:${'0'.repeat(64)}`,
    `sha256:${'A'.repeat(64)}`,
    '0'.repeat(64),
    `sha256:${'0'.repeat(64)}\n`,
    '',
  ])('a key that is no hash is a fault that does not repeat it: %j', (key) => {
    const faults = faultsOf({ web: { keys: [KEY, key] } });
    expect(Object.keys(faults)).toEqual(['callers.web.keys.1']);
    expect(faults['callers.web.keys.1']).toBe(
      'sha256: and 64 digits of hexadecimal, in lower case, as `codap key` prints them, are allowed here',
    );
  });

  it('no key, or keys that are no list, are faults', () => {
    expect(placesIn({ keys: [] })).toEqual(['callers.web.keys']);
    expect(placesIn({ keys: KEY })).toEqual(['callers.web.keys']);
    expect(placesIn({ keys: [5] })).toEqual(['callers.web.keys.0']);
  });

  it('a key that two have, or one has twice, is a fault that does not repeat it', () => {
    const faults = faultsOf({ web: { keys: [KEY, OTHER, KEY] }, app: { keys: [OTHER] } });
    expect(Object.keys(faults)).toEqual(['callers.web.keys.2', 'callers.app.keys.0']);
    expect(Object.values(faults).join()).not.toMatch(/[\da-f]{8}/);
  });

  it('an unknown source or saved batch is a fault that names those there are, whatever else is wrong', () => {
    const web = { keys: ['no hash'], sources: ['shop', 'nobody', '*'], batches: ['profile', 'nothing'] };
    expect(faultsOf({ web })).toMatchObject({
      'callers.web.sources.1': 'no such source; allowed here: shop, photos',
      'callers.web.sources.2': 'no such source; allowed here: shop, photos',
      'callers.web.batches.1': 'no such saved batch; allowed here: profile',
      'callers.web.keys.0': expect.any(String),
    });
  });

  it('and names none that can be no name', () => {
    const web = { keys: [KEY], sources: ['a b'], batches: ['a b', 'none'] };
    const sources = { 'a b': REST, '': REST, shop: REST };
    const batch = { pattern: 'kv', queries: {} };
    const found = faultsOf({ web }, {}, { sources, batches: { 'a b': batch, '-': batch, profile: batch } });
    expect(found).toMatchObject({
      'callers.web.sources.0': 'no such source; allowed here: shop',
      'callers.web.batches.0': 'no such saved batch; allowed here: profile',
      'callers.web.batches.1': 'no such saved batch; allowed here: profile',
    });
  });

  it.each([
    [{ sources: '*' }, 'sources'],
    [{ batches: 'profile' }, 'batches'],
    [{ batches: ['*'] }, 'batches.0'],
    [{ adhoc: 'yes' }, 'adhoc'],
    [{ metrics: 1 }, 'metrics'],
    [{ rate: 5 }, 'rate'],
    [{ rate: { perSecond: 5 } }, 'rate.burst'],
    [{ rate: { perSecond: 0, burst: 1 } }, 'rate.perSecond'],
    [{ rate: { perSecond: 1, burst: 0 } }, 'rate.burst'],
    [{ maxInFlight: 0 }, 'maxInFlight'],
    [{ maxTimeoutMs: 0.5 }, 'maxTimeoutMs'],
  ])('%j is a fault', (own, field) => {
    expect(placesIn({ keys: [KEY], ...own })).toEqual([`callers.web.${field}`]);
  });

  it.each([
    [{ issuer: '' }, 'issuer'],
    [{ issuer: undefined }, 'issuer'],
    [{ audience: undefined }, 'audience'],
    [{ audience: 4 }, 'audience'],
    [{ algorithms: [] }, 'algorithms'],
    [{ algorithms: ['HS256'] }, 'algorithms.0'],
    [{ algorithms: ['RS256', 'none'] }, 'algorithms.1'],
    [{ algorithms: ['ES256K'] }, 'algorithms.0'],
    [{ claims: { scope: null } }, 'claims.scope'],
    [{ claims: { scope: ['read'] } }, 'claims.scope'],
    [{ claims: { uid: 2 ** 53 } }, 'claims.uid'],
    [{ claims: 'read' }, 'claims'],
  ])('jwt: %j is a fault', (own, field) => {
    expect(placesIn({ jwt: { ...JWT, ...own } })).toEqual([`callers.web.jwt.${field}`]);
  });

  it.each([
    'https://id.example/jwks',
    'http://127.0.0.1:9000/jwks',
    'http://127.9.9.9/',
    'http://[::1]/',
    'http://localhost:1/',
  ])('jwks may be %s', (jwks) => {
    expect(placesIn({ jwt: { ...JWT, jwks } })).toEqual([]);
  });

  it.each([
    'http://id.example/jwks',
    'http://localhost.example/',
    'http://127.0.0.1.example/',
    'http://10.0.0.1/',
    'https://user:secret@id.example/',
    'file:///etc/passwd',
    'data:application/json,{}',
    '/jwks.json',
    '${JWKS_URL}',
    '',
  ])('jwks may not be %j', (jwks) => {
    const faults = faultsOf({ web: { jwt: { ...JWT, jwks } } }, { JWKS_URL: JWT.jwks });
    expect(Object.keys(faults)).toEqual(['callers.web.jwt.jwks']);
    expect(Object.values(faults).join()).not.toContain('secret');
  });
});
