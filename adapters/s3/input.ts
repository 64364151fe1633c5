import type { GetObjectCommandInput, HeadObjectCommandInput, ListObjectsV2CommandInput } from '@aws-sdk/client-s3';
import { attachment } from '../../src/store/attachment.ts';
import { httpDate } from '../http/http-date.ts';
import type { S3Options } from './options.ts';
import { MOST, type GetObject, type HeadObject, type ListObjects, type PresignGetObject } from './params.ts';

// What the SDK is given for each operation.

/** Keys a page has at most (Amazon S3 API reference, ListObjectsV2). */
const PAGE = 1000;
/** Objects and prefixes that one gathered answer has, unless told. */
const LIMIT = 1000;

type Of = Pick<S3Options, 'bucket'>;

/** Of `getObject`. */
export function getInput(query: GetObject, { bucket }: Of): GetObjectCommandInput {
  return {
    Bucket: bucket,
    Key: query.key,
    Range: query.range,
    VersionId: query.versionId,
    IfNoneMatch: query.ifNoneMatch,
    IfMatch: query.ifMatch,
    IfModifiedSince: dateOf(query.ifModifiedSince),
  };
}

/** Of `headObject`. */
export function headInput({ key, versionId }: HeadObject, { bucket }: Of): HeadObjectCommandInput {
  return { Bucket: bucket, Key: key, VersionId: versionId };
}

/** Of `presignGetObject`. */
export function presignInput({ key, versionId, filename }: PresignGetObject, { bucket }: Of): GetObjectCommandInput {
  return {
    Bucket: bucket,
    Key: key,
    VersionId: versionId,
    ResponseContentDisposition: filename === undefined ? undefined : attachment(filename),
  };
}

/** How many objects and prefixes a listing has at most where it is gathered. */
export function listLimit({ limit = LIMIT }: ListObjects): number {
  return Math.min(limit, MOST);
}

/** Of one page of `listObjects`, after `token`, where so many objects and prefixes are still wanted. */
export function listInput(
  { prefix, delimiter, startAfter }: ListObjects,
  { bucket }: Of,
  left: number,
  token: string | undefined,
): ListObjectsV2CommandInput & { readonly MaxKeys: number } {
  return {
    Bucket: bucket,
    Prefix: prefix,
    Delimiter: delimiter,
    StartAfter: token === undefined ? startAfter : undefined,
    ContinuationToken: token,
    MaxKeys: Math.min(PAGE, left),
    // XML 1.0 has no way to write some of the characters that a key may have.
    EncodingType: 'url',
  };
}

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(httpDate(text) ?? text);
}
