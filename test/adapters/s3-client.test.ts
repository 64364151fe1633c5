import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { s3 } from '../../adapters/s3.ts';
import type { Value } from '../../src/store/payload.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { failed } from './failed.ts';
import { run, s3Options } from './s3-source.ts';

const LISTING = '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>';

let store: ScriptedStore;
/** The paths that the store was asked for, and whether for a session; the token that came along. */
let asked: string[];
let token: unknown;
/** How the store answers. */
let status: number;

beforeAll(async () => {
  store = await startScripted((path, response, { headers }) => {
    asked.push(path.replace(/\?.*/, '') + (/\?session\b/.test(path) ? '?session' : ''));
    token = headers['x-amz-s3session-token'];
    response.writeHead(status).end(status === 200 ? LISTING : '<Error><Code>SlowDown</Code></Error>');
  });
});
beforeEach(() => {
  [asked, status] = [[], 200];
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
});
afterEach(() => void vi.unstubAllEnvs());
afterAll(() => store.close());

const open = async (own: Record<string, unknown> = {}) => {
  const options = s3Options({ endpoint: store.url, ...own });
  const source = await s3.open(options);
  return Object.assign(source, {
    get: () => run(source, options, 'getObject', { key: 'k' }),
    list: () => run(source, options, 'listObjects', {}),
    address: async () => {
      const { value } = (await run(source, options, 'presignGetObject', { key: 'k' })) as Value;
      return new URL((value as { url: string }).url);
    },
  });
};

describe('a directory bucket', () => {
  const directory = { bucket: 'photos--use1-az4--x-s3', publicEndpoint: 'https://files.example' };

  it('is asked with the credentials of the source, without a session', async () => {
    await using source = await open(directory);
    await source.get();
    await source.list();
    expect(asked).toEqual(['/photos--use1-az4--x-s3/public/k', '/photos--use1-az4--x-s3/']);
    expect(token).toBeUndefined();
  });

  it('has addresses that are signed with them, too', async () => {
    await using source = await open(directory);
    const { searchParams } = await source.address();
    expect(searchParams.get('X-Amz-Credential')).toMatch(/^demo\//);
    expect(searchParams.has('X-Amz-S3session-Token')).toBe(false);
    expect(asked).toEqual([]);
  });

  it('that could not be asked once is asked again', async () => {
    await using source = await open(directory);
    status = 503;
    expect(await failed(source.get())).toMatchObject({ code: 'OVERLOADED' });
    status = 200;
    await source.get();
  });
});

describe('whatever the environment tells the SDK', () => {
  it.each([
    ['AWS_USE_FIPS_ENDPOINT', 'true'],
    ['AWS_USE_DUALSTACK_ENDPOINT', 'true'],
    ['AWS_S3_DISABLE_EXPRESS_SESSION_AUTH', 'false'],
    ['AWS_ENDPOINT_URL_S3', 'http://127.0.0.1:1'],
    ['AWS_RETRY_MODE', 'bogus'],
  ])('%s=%s: an endpoint of the configuration is asked as it stands there', async (name, value) => {
    vi.stubEnv(name, value);
    await using source = await open();
    await source.get();
    expect(asked).toEqual(['/photos/public/k']);
    expect((await source.address()).href).toMatch(new RegExp(`^${store.url}photos/public/k\\?`));
  });

  it('AWS_RETRY_MODE=adaptive: a store that is overloaded is asked again at once', async () => {
    vi.stubEnv('AWS_RETRY_MODE', 'adaptive');
    await using source = await open();
    status = 503;
    for (let at = 0; at < 3; at++) expect(await failed(source.get())).toMatchObject({ code: 'OVERLOADED' });
    status = 200;
    const began = performance.now();
    for (let at = 0; at < 3; at++) await source.get();
    expect(performance.now() - began).toBeLessThan(500);
  });

  it('AWS_ENDPOINT_URL_S3 stands for an endpoint that the configuration does not name', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_S3', store.url);
    await using source = await open({ endpoint: undefined });
    await source.get();
    expect(asked).toEqual(['/photos/public/k']);
  });

  it.each([
    ['a bucket that names no zone', {}, { bucket: 'x--x-s3' }],
    ['FIPS beside its own endpoint', { AWS_USE_FIPS_ENDPOINT: 'true', AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' }, {}],
  ])('%s has no address, which is no outage', async (_what, environment, own) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    await using source = await open({ endpoint: undefined, ...own });
    const ping = () => source.ping(AbortSignal.timeout(2000));
    for (const ask of [source.get, source.list, source.address, ping])
      expect(await failed(ask())).toMatchObject({ code: 'INTERNAL', retryable: false });
  });
});

describe('an endpoint with a path', () => {
  it.each([
    ['', false, 'photos.files.example/public/k'],
    ['/', false, 'photos.files.example/public/k'],
    ['/base', false, 'photos.files.example/base/public/k'],
    ['/base/', false, 'photos.files.example/base/public/k'],
    ['', true, 'files.example/photos/public/k'],
    ['/base', true, 'files.example/base/photos/public/k'],
    ['/base/', true, 'files.example/base/photos/public/k'],
  ])('%j, forcePathStyle %s: %s', async (path, forcePathStyle, expected) => {
    await using source = await open({ endpoint: `https://files.example${path}`, forcePathStyle });
    const { host, pathname } = await source.address();
    expect(host + pathname).toBe(expected);
  });

  it('is asked for a key behind it, and for a listing', async () => {
    await using source = await open({ endpoint: `${store.url}base/`, forcePathStyle: false });
    await source.get();
    await source.list();
    expect(asked).toEqual(['/base/photos/public/k', '/base/photos/']);
  });
});
