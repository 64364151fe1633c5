import type { GetObjectCommandInput, ListObjectsV2CommandInput } from '@aws-sdk/client-s3';
import type { Query } from '../../src/store/fetch.ts';
import type { Description } from '../adapter.ts';
import { getInput, headInput, listInput, listLimit, presignInput } from './input.ts';
import type { S3Options } from './options.ts';
import type { GetObject, HeadObject, ListObjects, PresignGetObject } from './params.ts';

type Input = Partial<GetObjectCommandInput & ListObjectsV2CommandInput>;

/** The request of a query: operation, method, key in the bucket, query and headers, but for what signs it. */
export function describeS3({ op, params, want }: Query, options: S3Options): Description {
  const gathered = { maxBytes: options.maxBytes };
  switch (op) {
    case 'getObject':
      return {
        request: requestOf('GetObject', getInput(params as GetObject, options)),
        bound: want === 'body' ? {} : gathered,
      };
    case 'headObject':
      return { request: requestOf('HeadObject', headInput(params as HeadObject, options)), bound: {} };
    case 'presignGetObject': {
      const { expiresInSeconds } = params as PresignGetObject;
      const request = requestOf('GetObject', presignInput(params as PresignGetObject, options));
      return { request: { ...request, expiresInSeconds }, sent: false, bound: {} };
    }
    default: {
      const query = params as ListObjects;
      const limit = want === 'items' ? query.limit : listLimit(query);
      const input = listInput(query, options, limit ?? Infinity, query.token);
      const own = limit === undefined ? {} : { limit };
      return { request: requestOf('ListObjectsV2', input), bound: want === 'items' ? own : { ...own, ...gathered } };
    }
  }
}

/** What the SDK makes of its input (Amazon S3 API reference: GetObject, HeadObject, ListObjectsV2). */
function requestOf(operation: 'GetObject' | 'HeadObject' | 'ListObjectsV2', input: Input): object {
  const query = fields('query', {
    'list-type': operation === 'ListObjectsV2' ? '2' : undefined,
    prefix: input.Prefix,
    delimiter: input.Delimiter,
    'start-after': input.StartAfter,
    'continuation-token': input.ContinuationToken,
    'max-keys': input.MaxKeys?.toString(),
    'encoding-type': input.EncodingType,
    versionId: input.VersionId,
    'response-content-disposition': input.ResponseContentDisposition,
  });
  const headers = fields('headers', {
    range: input.Range,
    'if-match': input.IfMatch,
    'if-none-match': input.IfNoneMatch,
    'if-modified-since': input.IfModifiedSince?.toUTCString(),
  });
  const method = operation === 'HeadObject' ? 'HEAD' : 'GET';
  return { operation, method, ...(input.Key !== undefined && { key: input.Key }), ...query, ...headers };
}

/** Under a name, the fields that are there; nothing if there are none. */
function fields(name: string, values: Readonly<Record<string, string | undefined>>): object {
  const there = Object.entries(values).filter(([, value]) => value !== undefined);
  return there.length === 0 ? {} : { [name]: Object.fromEntries(there) };
}
