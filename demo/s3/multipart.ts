import { createHash, randomUUID } from 'node:crypto';
import type { Answer } from '../http/answer.ts';
import type { Upload } from './bucket.ts';
import { receive } from './chunked.ts';
import { S3Failure } from './failure.ts';
import { sentOptions } from './objects.ts';
import type { S3Request } from './request.ts';
import { inMemory } from './stored.ts';
import { element } from './xml.ts';

const XML = { 'content-type': 'application/xml' };

/** Answers CreateMultipartUpload. */
export function createUpload({ call, bucket, bucketName, key }: S3Request): Answer {
  const id = randomUUID();
  bucket.uploads.set(id, { key, options: sentOptions(call), parts: new Map() });
  const xml = element(
    'InitiateMultipartUploadResult',
    element('Bucket', bucketName),
    element('Key', key),
    element('UploadId', id),
  );
  return { status: 200, headers: XML, body: xml.document() };
}

/** Answers UploadPart. */
export async function uploadPart(request: S3Request): Promise<Answer> {
  const number = request.call.number('partNumber', 0);
  if (number < 1 || number > 10_000) throw new S3Failure('InvalidArgument');
  const { parts } = uploadOf(request);
  const bytes = await receive(request.call);
  const md5 = createHash('md5').update(bytes).digest();
  parts.set(number, { bytes, md5 });
  return { status: 200, headers: { etag: `"${md5.toString('hex')}"` } };
}

/** Answers CompleteMultipartUpload. */
export async function completeUpload(request: S3Request): Promise<Answer> {
  const { call, bucket, bucketName, key } = request;
  const { parts, options } = uploadOf(request);
  const listed = [...(await call.body()).toString().matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => {
    const found = parts.get(Number(/<PartNumber>(\d+)</.exec(part)?.[1]));
    const etag = /<ETag>(.*?)</.exec(part)?.[1]?.replace(/&quot;|&#34;|"/g, '');
    if (found === undefined || etag !== found.md5.toString('hex')) throw new S3Failure('InvalidPart');
    return found;
  });
  if (listed.length === 0) throw new S3Failure('InvalidPart');
  const md5 = createHash('md5').update(Buffer.concat(listed.map((part) => part.md5)));
  const object = inMemory(Buffer.concat(listed.map((part) => part.bytes)), {
    ...options,
    etag: `${md5.digest('hex')}-${listed.length}`,
  });
  bucket.put(key, object);
  bucket.uploads.delete(call.query.get('uploadId') ?? '');
  const xml = element(
    'CompleteMultipartUploadResult',
    element('Bucket', bucketName),
    element('Key', key),
    element('ETag', object.etag),
  );
  return { status: 200, headers: XML, body: xml.document() };
}

/** Answers AbortMultipartUpload. */
export function abortUpload(request: S3Request): Answer {
  uploadOf(request);
  request.bucket.uploads.delete(request.call.query.get('uploadId') ?? '');
  return { status: 204 };
}

function uploadOf({ call, bucket, key }: S3Request): Upload {
  const upload = bucket.uploads.get(call.query.get('uploadId') ?? '');
  if (upload === undefined || upload.key !== key) throw new S3Failure('NoSuchUpload');
  return upload;
}
