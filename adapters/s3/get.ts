import {
  GetObjectCommand,
  HeadObjectCommand,
  type GetObjectCommandOutput,
  type S3Client,
  type S3ServiceException,
} from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { CodapError } from '../../src/errors.ts';
import type { Context } from '../../src/fetch.ts';
import type { Body, BodyMeta, Meta, Payload, Value } from '../../src/payload.ts';
import { collect } from '../collect.ts';
import { content, formatOf, plain } from '../content.ts';
import { decoders } from '../decoders.ts';
import { httpDate } from '../http-date.ts';
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
  { signal, memory, work }: Pick<Context, 'signal' | 'memory' | 'work'>,
): Promise<Value | Body> {
  const command = new GetObjectCommand({
    Bucket: options.bucket,
    Key: query.key,
    Range: query.range,
    VersionId: query.versionId,
    IfNoneMatch: query.ifNoneMatch,
    IfMatch: query.ifMatch,
    IfModifiedSince: dateOf(query.ifModifiedSince),
  });
  let answer: GetObjectCommandOutput;
  try {
    answer = await client.send(command, { abortSignal: signal });
  } catch (error) {
    const failure = s3Failure(error);
    if (failure.status !== 304) throw failure;
    const etag = (error as S3ServiceException).$response?.headers?.['etag'];
    const meta: Meta = { status: 304, ...(etag !== undefined && { etag }) };
    return want === 'body' ? { kind: 'body', stream: Readable.from([]), meta } : plain(null, meta);
  }
  const meta = metaOf(answer);
  const source = answer.Body as Readable;
  if (want !== 'body' && (meta.length ?? 0) > options.maxBytes) {
    source.on('error', () => {}).destroy();
    throw tooLarge(options.maxBytes);
  }
  if (want === 'body') return { kind: 'body', stream: owned(source, signal, s3Failure), meta };
  const { length: _length, contentRange, ...told } = meta;
  const format = query.format === 'auto' ? formatOf(meta.contentType) : query.format;
  // Base64 stands for the stored bytes, and a part of an encoded object cannot be decoded.
  const coding = format === 'base64' || contentRange !== undefined ? [] : decoders(answer.ContentEncoding);
  if (!coding) {
    source.on('error', () => {}).destroy();
    throw new CodapError('BAD_RESPONSE', 'the object has an unknown content encoding; format base64 gives its bytes');
  }
  const stream = owned(source, signal, s3Failure, coding);
  const bytes = await collect(stream, options.maxBytes, memory, () => tooLarge(options.maxBytes));
  return content(bytes, format, told, work);
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

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(httpDate(text) ?? text);
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
