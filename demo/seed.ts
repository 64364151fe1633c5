import { CreateBucketCommand, PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { MongoClient } from 'mongodb';
import { COLLECTIONS, UNIQUE } from './data.ts';
import { putSampleObjects } from './objects.ts';
import { synthetic } from './synthetic.ts';

/** Where the sample data goes: a MongoDB server and an S3 server, and how to sign in there. */
export interface SeedTarget {
  readonly mongoUrl: string;
  readonly s3Endpoint: string;
  readonly s3: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly region: string };
}

/**
 * Puts the demo's documents and objects into real stores, in place of what bore their names. May be called
 * again and again.
 */
export async function seed({ mongoUrl, s3Endpoint, s3 }: SeedTarget): Promise<void> {
  await Promise.all([seedMongo(mongoUrl), seedS3(s3Endpoint, s3)]);
}

async function seedMongo(url: string): Promise<void> {
  await using client = new MongoClient(url);
  const shop = client.db('shop');
  for (const [name, documents] of Object.entries(COLLECTIONS)) {
    await shop.collection(name).drop();
    await shop.collection(name).insertMany([...documents]);
  }
  for (const [name, fields] of Object.entries(UNIQUE)) {
    for (const field of fields) await shop.collection(name).createIndex({ [field]: 1 }, { unique: true });
  }
}

interface SampleObject {
  readonly bucket: string;
  readonly key: string;
  readonly body: () => Uint8Array | string;
  readonly contentType: string | undefined;
}

async function seedS3(endpoint: string, { region, ...credentials }: SeedTarget['s3']): Promise<void> {
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  try {
    const objects = sampleObjects();
    for (const bucket of new Set(objects.map(({ bucket }) => bucket))) await createBucket(client, bucket);
    for (const { bucket, key, body, contentType } of objects) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body(), ContentType: contentType }));
    }
  } finally {
    client.destroy();
  }
}

function sampleObjects(): SampleObject[] {
  const objects: SampleObject[] = [];
  putSampleObjects({
    putObject(bucket, key, body, options) {
      objects.push({ bucket, key, body: () => body, contentType: options?.contentType });
    },
    // Large: made one at a time, and let go as soon as it is sent.
    putSynthetic(bucket, key, size, options) {
      const body = () => Buffer.concat([...synthetic(0, size)]);
      objects.push({ bucket, key, body, contentType: options?.contentType });
    },
  });
  return objects;
}

const HAD_ALREADY = new Set(['BucketAlreadyOwnedByYou', 'BucketAlreadyExists']);

async function createBucket(client: S3Client, bucket: string): Promise<void> {
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  } catch (error) {
    if (!(error instanceof S3ServiceException) || !HAD_ALREADY.has(error.name)) throw error;
  }
}
