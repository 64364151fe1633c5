import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import type { BodyMeta, Meta } from '../../src/store/payload.ts';
import { checkPart, lengthOf, readPart, type Part } from '../http/part.ts';

/** The part of an object that an answer tells of. BAD_RESPONSE unless it is what was asked for. */
export function partOf(
  { ContentRange, ContentLength, $metadata }: GetObjectCommandOutput,
  range: string | undefined,
): Part | undefined {
  const { httpStatusCode: status = 200 } = $metadata;
  // What is no 206 has no part to tell of; if it tells of one all the same, that has to be the whole.
  if (status !== 206 && ContentRange === undefined) return undefined;
  const part = readPart(ContentRange);
  checkPart(part, ContentLength, status === 206 ? range : undefined, status);
  return part;
}

/**
 * What the store says about an object, and about those of its bytes that it sends: a part only where one was
 * asked for.
 */
export function metaOf(
  answer: GetObjectCommandOutput,
  part: Part | undefined,
  range: string | undefined,
): Meta & BodyMeta {
  const isPart = range !== undefined && answer.$metadata.httpStatusCode === 206;
  const length = part ? lengthOf(part) : answer.ContentLength;
  const size = part ? part.size : length;
  return {
    status: isPart ? 206 : 200,
    ...(answer.ContentType !== undefined && { contentType: answer.ContentType }),
    ...(size !== undefined && { size }),
    ...(answer.ETag !== undefined && { etag: answer.ETag }),
    ...(answer.LastModified && { lastModified: answer.LastModified.toISOString() }),
    ...(length !== undefined && { length }),
    ...(isPart && answer.ContentRange !== undefined && { contentRange: answer.ContentRange }),
  };
}
