import { GetObjectCommand, HeadObjectCommand, type GetObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import { CodapError } from '../../src/errors.ts';
import type { Body, BodyMeta, Meta, Payload, Value } from '../../src/payload.ts';
import { collect } from '../collect.ts';
import { content, plain } from '../content.ts';
import { owned } from '../owned.ts';
import { s3Failure } from './failure.ts';
import type { S3Options } from './options.ts';
import type { GetObject, HeadObject } from './params.ts';

/** An object's content, gathered or as its bytes; every body is consumed, destroyed, or belongs to the payload. */
export async function get(
  client: S3Client,
  query: GetObject,
  want: Payload['kind'],
  options: S3Options,
  signal: AbortSignal,
): Promise<Value | Body> {
  const command = new GetObjectCommand({
    Bucket: options.bucket,
    Key: query.key,
    Range: query.range,
    VersionId: query.versionId,
    IfNoneMatch: query.ifNoneMatch,
    IfMatch: query.ifMatch,
    IfModifiedSince: query.ifModifiedSince === undefined ? undefined : new Date(query.ifModifiedSince),
  });
  let answer: GetObjectCommandOutput;
  try {
    answer = await client.send(command, { abortSignal: signal });
  } catch (error) {
    const failure = s3Failure(error);
    if (failure.status === 304) return plain(null, { status: 304 });
    throw failure;
  }
  const meta = metaOf(answer);
  const source = answer.Body as Readable;
  if (want !== 'body' && (meta.length ?? 0) > options.maxBytes) {
    source.on('error', () => {}).destroy();
    throw tooLarge(options.maxBytes);
  }
  const stream = owned(source, signal, s3Failure);
  if (want === 'body') return { kind: 'body', stream, meta };
  const { length: _length, contentRange: _contentRange, ...told } = meta;
  const bytes = await collect(stream, options.maxBytes, () => tooLarge(options.maxBytes));
  return content(bytes, query.format, { ...told, size: bytes.length });
}

/** What the store says about an object. */
export async function head(
  client: S3Client,
  { key, versionId }: HeadObject,
  options: S3Options,
  signal: AbortSignal,
): Promise<Value> {
  const command = new HeadObjectCommand({ Bucket: options.bucket, Key: key, VersionId: versionId });
  const answer = await client.send(command, { abortSignal: signal });
  return plain({
    size: answer.ContentLength ?? null,
    contentType: answer.ContentType ?? null,
    etag: answer.ETag ?? null,
    lastModified: answer.LastModified?.toISOString() ?? null,
    versionId: answer.VersionId ?? null,
    metadata: answer.Metadata ?? {},
  });
}

function metaOf(answer: GetObjectCommandOutput): Meta & BodyMeta {
  const { ContentLength: length, ContentRange: contentRange } = answer;
  const size = /\/(\d+)$/.exec(contentRange ?? '')?.[1];
  return {
    status: contentRange === undefined ? 200 : 206,
    ...(answer.ContentType !== undefined && { contentType: answer.ContentType }),
    ...(size !== undefined ? { size: Number(size) } : length !== undefined && { size: length }),
    ...(answer.ETag !== undefined && { etag: answer.ETag }),
    ...(answer.LastModified && { lastModified: answer.LastModified.toISOString() }),
    ...(length !== undefined && { length }),
    ...(contentRange !== undefined && { contentRange }),
  };
}

function tooLarge(maxBytes: number): CodapError {
  return new CodapError(
    'TOO_LARGE',
    `the object has more than ${maxBytes} bytes, the source's maxBytes; presignGetObject gives its address, and an archive (Accept: application/zip) its bytes`,
  );
}
