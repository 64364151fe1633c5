import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { s3 } from '../../adapters/s3.ts';
import { options } from '../../adapters/s3/options.ts';
import type { S3Options } from '../../adapters/s3.ts';
import { CodapError } from '../../src/errors.ts';
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

/** Asks for an object, where nothing but this environment gives credentials. */
async function asking(environment: Record<string, string>): Promise<CodapError> {
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
  await using source = await s3.open(own);
  return await failed(run(source, own, 'getObject', { key: 'a' }));
}

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
