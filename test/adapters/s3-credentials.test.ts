import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Connection } from '../../adapters/adapter.ts';
import { s3 } from '../../adapters/s3.ts';
import { options } from '../../adapters/s3/options.ts';
import type { S3Options } from '../../adapters/s3.ts';
import { CodapError } from '../../src/errors.ts';
import type { Payload, Value } from '../../src/store/payload.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { failed } from './failed.ts';
import { run } from './s3-source.ts';
import { COMMON } from './source.ts';

let store: ScriptedStore;
/** What gives credentials: each answers as the test says. */
let service: ScriptedStore;
let answered: [status: number, body: string];
let asked = 0;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'codap-'));
  writeFileSync(join(folder, 'token'), 'ey.x.y');
  store = await startScripted((_path, response) => void response.end('x'));
  service = await startScripted((_path, response) => {
    asked += 1;
    response.writeHead(answered[0], { 'content-type': 'text/xml' }).end(answered[1]);
  });
});
afterEach(() => void vi.unstubAllEnvs());
afterAll(async () => {
  await store.close();
  await service.close();
  rmSync(folder, { recursive: true });
});

/** Opens a source where nothing but this environment gives credentials. */
async function opened(environment: Record<string, string>) {
  const nowhere = join(folder, 'none');
  const none = { AWS_CONFIG_FILE: nowhere, AWS_SHARED_CREDENTIALS_FILE: nowhere, AWS_EC2_METADATA_DISABLED: 'true' };
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries({ ...none, ...environment })) vi.stubEnv(name, value);
  asked = 0;
  const own: S3Options = {
    ...options.parse({ bucket: 'photos', endpoint: store.url, forcePathStyle: true }),
    name: 's',
    ...COMMON,
  };
  return { own, source: await s3.open(own) };
}

/** Runs one query of such a source. */
async function running(environment: Record<string, string>, op: string, params: object): Promise<Payload> {
  const { own, source } = await opened(environment);
  await using _ = source;
  return await run(source, own, op, { ...params });
}

const asking = (environment: Record<string, string>): Promise<CodapError> =>
  failed(running(environment, 'getObject', { key: 'a' }));

describe('where a token is exchanged for credentials', () => {
  const environment = () => ({
    AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, 'token'),
    AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/x',
    AWS_ENDPOINT_URL_STS: service.url,
  });

  it.each([
    [400, 'ExpiredTokenException', 'FORBIDDEN'],
    [400, 'ExpiredToken', 'FORBIDDEN'],
    [400, 'InvalidIdentityToken', 'FORBIDDEN'],
    [403, 'AccessDenied', 'FORBIDDEN'],
    [400, 'Throttling', 'UNAVAILABLE'],
    [429, 'TooManyRequests', 'UNAVAILABLE'],
    [400, 'IDPCommunicationError', 'UNAVAILABLE'],
    [500, 'InternalFailure', 'UNAVAILABLE'],
    [503, 'ServiceUnavailable', 'UNAVAILABLE'],
  ])('a %i with %s is %s, asked for once, and no answer of the store', async (status, name, code) => {
    answered = [status, `<ErrorResponse><Error><Code>${name}</Code><Message>m</Message></Error></ErrorResponse>`];
    const error = await asking(environment());
    expect(error).toMatchObject({ code, retryable: code === 'UNAVAILABLE' });
    expect(error.status).toBeUndefined();
    expect(asked).toBe(1);
  });

  it('nobody there is UNAVAILABLE', async () => {
    const error = await asking({ ...environment(), AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:1' });
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
  });
});

it('keys in a file that have changed are seen by a source that is opened then, and no file is read again for a query', async () => {
  const file = join(folder, 'credentials');
  const write = (id: string) => writeFileSync(file, `[default]\naws_access_key_id=${id}\naws_secret_access_key=s\n`);
  const told = async (own: S3Options, source: Connection) => {
    const { value } = (await run(source, own, 'presignGetObject', { key: 'a' })) as Value;
    return new URL((value as { url: string }).url).searchParams.get('X-Amz-Credential')?.replace(/\/.*/, '');
  };
  write('ONE');
  const { own, source: first } = await opened({ AWS_SHARED_CREDENTIALS_FILE: file });
  expect(await told(own, first)).toBe('ONE');
  write('TWO');
  expect(await told(own, first)).toBe('ONE');
  const second = await s3.open(own);
  expect(await told(own, second)).toBe('TWO');
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
});

describe('where a container asks for credentials', () => {
  it.each([[503], [429]])('a %i is UNAVAILABLE', async (status) => {
    answered = [status, ''];
    const error = await asking({ AWS_CONTAINER_CREDENTIALS_FULL_URI: service.url });
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    expect(error.status).toBeUndefined();
    // Two of the SDK's providers ask, each once.
    expect(asked).toBe(2);
  });

  it('nobody there is UNAVAILABLE', async () => {
    const error = await asking({ AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1/' });
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
  });
});

describe('a presigned address', () => {
  const NOW = Date.parse('2026-03-01T12:00:00.700Z');
  const environment = { AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'b', AWS_SESSION_TOKEN: 't' };
  const presigned = (until?: string) =>
    running({ ...environment, ...(until && { AWS_CREDENTIAL_EXPIRATION: until }) }, 'presignGetObject', {
      key: 'a',
      expiresInSeconds: 60,
    });

  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOW }));
  afterEach(() => void vi.useRealTimers());

  it.each<[string, string | undefined, string, string]>([
    ['have no end', undefined, '60', '2026-03-01T12:01:00.000Z'],
    ['are valid for longer', '2026-03-01T12:01:00Z', '60', '2026-03-01T12:01:00.000Z'],
    ['end before it would', '2026-03-01T12:00:59.999Z', '59', '2026-03-01T12:00:59.000Z'],
    ['are about to end', '2026-03-01T12:00:01.000Z', '1', '2026-03-01T12:00:01.000Z'],
  ])('is valid no longer than its credentials, which %s', async (_how, until, seconds, expiresAt) => {
    const { value } = (await presigned(until)) as Value;
    const { url, expiresAt: told } = value as { url: string; expiresAt: string };
    expect([new URL(url).searchParams.get('X-Amz-Expires'), told]).toEqual([seconds, expiresAt]);
    expect(new URL(url).searchParams.get('X-Amz-Date')).toBe('20260301T120000Z');
  });

  it.each(['2026-03-01T12:00:00.900Z', '2026-03-01T11:00:00Z'])(
    'is not to be had of credentials that have expired: %s',
    async (until) => {
      expect(await failed(presigned(until))).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    },
  );
});
