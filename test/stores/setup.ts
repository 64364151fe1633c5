import type { TestProject } from 'vitest/node';
import { seed } from '../../demo/seed.ts';
import { openStores } from '../../stores/open-stores.ts';
import { S3_ACCESS } from '../../stores/stores.ts';

/** Where the tests find a MongoDB and an S3 server that hold the demo's data. */
export interface Addresses {
  readonly mongoUrl: string;
  readonly s3Endpoint: string;
  readonly s3: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly region: string };
}

declare module 'vitest' {
  export interface ProvidedContext {
    stores: Addresses;
  }
}

/**
 * Starts real stores and fills them, once for all files of `npm run test:stores`; a test asks for them by
 * `inject('stores')`. `CODAP_TEST_MONGO_URL` and `CODAP_TEST_S3_ENDPOINT` (with `AWS_ACCESS_KEY_ID`,
 * `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`) point elsewhere.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { CODAP_TEST_MONGO_URL: mongo, CODAP_TEST_S3_ENDPOINT: s3 } = process.env;
  const stores = mongo && s3 ? undefined : await openStores();
  const addresses: Addresses = {
    mongoUrl: mongo ?? stores?.mongoUrl ?? '',
    s3Endpoint: s3 ?? stores?.s3Endpoint ?? '',
    s3: s3 ? accessFromEnvironment() : S3_ACCESS,
  };
  await seed(addresses);
  project.provide('stores', addresses);
  return async () => stores?.close();
}

function accessFromEnvironment(): Addresses['s3'] {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION } = process.env;
  return {
    accessKeyId: AWS_ACCESS_KEY_ID ?? S3_ACCESS.accessKeyId,
    secretAccessKey: AWS_SECRET_ACCESS_KEY ?? S3_ACCESS.secretAccessKey,
    region: AWS_REGION ?? S3_ACCESS.region,
  };
}
