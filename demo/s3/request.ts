import type { Call } from '../http/call.ts';
import type { Bucket } from './bucket.ts';

/** What was asked of which bucket, and of which of its objects. */
export interface S3Request {
  call: Call;
  bucketName: string;
  bucket: Bucket;
  /** Decoded; nothing in it is resolved: to S3 `public/../secret` is a key like any other. */
  key: string;
}

/**
 * A path-style address, taken apart: `/bucket/key`. The key is undefined where its percent-encoding is
 * broken.
 */
export function address(call: Call): { bucketName: string; key: string | undefined } {
  const [, bucketName = '', rest = ''] = /^\/([^/]*)\/?(.*)$/s.exec(call.path) ?? [];
  try {
    return { bucketName, key: decodeURIComponent(rest) };
  } catch {
    return { bucketName, key: undefined };
  }
}

/** Which of S3's operations a request is. */
export function operationOf(call: Call, key: string): string {
  const { method, query } = call;
  if (key === '') {
    if (method === 'GET' && query.get('list-type') === '2') return 'ListObjectsV2';
    return { HEAD: 'HeadBucket', PUT: 'CreateBucket' }[method] ?? 'Unknown';
  }
  if (query.has('uploads')) return method === 'POST' ? 'CreateMultipartUpload' : 'Unknown';
  if (query.has('uploadId')) {
    return { PUT: 'UploadPart', POST: 'CompleteMultipartUpload', DELETE: 'AbortMultipartUpload' }[method] ?? 'Unknown';
  }
  return { GET: 'GetObject', HEAD: 'HeadObject', PUT: 'PutObject', DELETE: 'DeleteObject' }[method] ?? 'Unknown';
}
