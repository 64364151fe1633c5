import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { CodapError } from '../../src/errors.ts';
import type { BodyMeta, Meta } from '../../src/store/payload.ts';
import { isAll, readPart, type Part } from '../http/part.ts';

/**
 * The part of an object in an answer; undefined of the whole. BAD_RESPONSE unless it is what was asked for.
 */
export function partOf(
  { ContentRange, ContentLength, $metadata }: GetObjectCommandOutput,
  range: string | undefined,
): Part | undefined {
  const { httpStatusCode: status = 200 } = $metadata;
  const asked = status === 206 ? range : undefined;
  // What is no 206 has no part to tell of; if it tells of one all the same, that has to be the whole.
  if (status !== 206 && ContentRange === undefined) return undefined;
  const part = readPart(ContentRange);
  if (part && isAll(part, asked) && (ContentLength ?? lengthOf(part)) === lengthOf(part))
    return asked === undefined ? undefined : part;
  throw new CodapError('BAD_RESPONSE', 'the store answered another part than it was asked for, or does not say which', {
    status,
  });
}

/** Bytes of a part. */
export function lengthOf({ first, last }: Part): number {
  return last - first + 1;
}

/** What the store says about an object, and about those of its bytes that it sends. */
export function metaOf(answer: GetObjectCommandOutput, part: Part | undefined): Meta & BodyMeta {
  const length = part ? lengthOf(part) : answer.ContentLength;
  const size = part ? part.size : length;
  return {
    status: part ? 206 : 200,
    ...(answer.ContentType !== undefined && { contentType: answer.ContentType }),
    ...(size !== undefined && { size }),
    ...(answer.ETag !== undefined && { etag: answer.ETag }),
    ...(answer.LastModified && { lastModified: answer.LastModified.toISOString() }),
    ...(length !== undefined && { length }),
    ...(part && answer.ContentRange !== undefined && { contentRange: answer.ContentRange }),
  };
}
