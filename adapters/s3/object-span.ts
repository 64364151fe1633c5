import type { CallSpan } from '../../src/store/call-trace.ts';
import type { Query } from '../../src/store/fetch.ts';
import { MOST_STATEMENT } from '../adapter.ts';
import { serverAttributes } from '../http/server-attributes.ts';
import type { S3Options } from './options.ts';
import type { GetObject } from './params.ts';

/** The operations by their names in S3, and the methods they are sent by; a presigned address is not sent. */
const OPERATIONS: Readonly<Record<string, { readonly name: string; readonly method?: string }>> = {
  getObject: { name: 'GetObject', method: 'GET' },
  headObject: { name: 'HeadObject', method: 'HEAD' },
  listObjects: { name: 'ListObjectsV2', method: 'GET' },
  presignGetObject: { name: 'presign GetObject' },
};

/** A request by the conventions of HTTP and of the AWS SDK. */
export function objectSpan(
  { op, params }: Pick<Query, 'op' | 'params'>,
  { bucket, endpoint, region }: Pick<S3Options, 'bucket' | 'endpoint' | 'region'>,
  withValues: boolean,
): CallSpan {
  const { name, method } = OPERATIONS[op]!;
  const { key } = params as Partial<GetObject>;
  return {
    name: `S3.${name}`,
    attributes: {
      ...(method !== undefined && {
        'http.request.method': method,
        ...serverAttributes(endpoint ?? `https://s3.${region}.amazonaws.com`),
      }),
      'aws.s3.bucket': bucket,
      ...(withValues && key !== undefined && { 'aws.s3.key': key.slice(0, MOST_STATEMENT) }),
    },
  };
}
