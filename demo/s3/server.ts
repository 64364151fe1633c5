import type { Answer } from '../http/answer.ts';
import { type Listening, type Served, serve } from '../http/serve.ts';
import { Bucket } from './bucket.ts';
import { failureOf, S3Failure } from './failure.ts';
import { listObjectsV2 } from './list.ts';
import { abortUpload, completeUpload, createUpload, uploadPart } from './multipart.ts';
import { deleteObject, getObject, putObject } from './objects.ts';
import { address, operationOf, type S3Request } from './request.ts';
import { authorize, type Credentials } from './signature.ts';
import { inMemory, madeUp, type StoredOptions } from './stored.ts';

const OPERATIONS: Readonly<Record<string, (request: S3Request) => Answer | Promise<Answer>>> = {
  ListObjectsV2: listObjectsV2,
  HeadBucket: () => ({ status: 200 }),
  GetObject: getObject,
  HeadObject: getObject,
  PutObject: putObject,
  DeleteObject: deleteObject,
  CreateMultipartUpload: createUpload,
  UploadPart: uploadPart,
  CompleteMultipartUpload: completeUpload,
  AbortMultipartUpload: abortUpload,
};

/** A running S3 store. */
export interface S3Server extends Served {
  /** Puts an object, and makes its bucket if need be. */
  putObject(bucket: string, key: string, body: Uint8Array | string, options?: StoredOptions): void;
  /** Puts an object of so many bytes that are made up while it is read (see `demo/synthetic.ts`). */
  putSynthetic(bucket: string, key: string, size: number, options?: StoredOptions): void;
}

/**
 * Starts an S3 store that keeps its objects in memory. Addresses are path-style; operations are called
 * `GetObject public/a.jpg`, without the bucket.
 */
export async function startS3({
  credentials,
  ...listening
}: Listening & { credentials: Credentials }): Promise<S3Server> {
  const buckets = new Map<string, Bucket>();
  const bucketOf = (name: string) => {
    const bucket = buckets.get(name) ?? new Bucket();
    buckets.set(name, bucket);
    return bucket;
  };

  const served = await serve(
    {
      store: 's3',
      operation(call) {
        const { key = '' } = address(call);
        return `${operationOf(call, key)} ${key || (call.query.get('prefix') ?? '')}`.trimEnd();
      },
      async answer(call) {
        try {
          const { bucketName, key } = address(call);
          if (key === undefined) throw new S3Failure('InvalidURI');
          authorize(call, credentials);
          const operation = operationOf(call, key);
          if (operation === 'CreateBucket') return createBucket(bucketName);
          const bucket = buckets.get(bucketName);
          if (bucket === undefined) throw new S3Failure('NoSuchBucket');
          const run = OPERATIONS[operation];
          if (run === undefined) throw new S3Failure('NotImplemented');
          return await run({ call, bucketName, bucket, key });
        } catch (error) {
          if (error instanceof S3Failure) return error.answer();
          throw error;
        }
      },
      failure: (_call, status) => failureOf(status),
    },
    listening,
  );

  function createBucket(name: string): Answer {
    if (buckets.has(name)) throw new S3Failure('BucketAlreadyOwnedByYou');
    bucketOf(name);
    return { status: 200, headers: { location: `/${name}` } };
  }

  return {
    ...served,
    putObject: (bucket, key, body, options) =>
      bucketOf(bucket).put(key, inMemory(typeof body === 'string' ? Buffer.from(body) : body, options)),
    putSynthetic: (bucket, key, size, options) => bucketOf(bucket).put(key, madeUp(size, options)),
  };
}
