import {
  GetObjectCommand,
  HeadObjectCommand,
  type GetObjectCommandOutput,
  type S3Client,
  type S3ServiceException,
} from '@aws-sdk/client-s3';
import { Readable, type Duplex } from 'node:stream';
import { CodapError } from '../../src/errors.ts';
import type { Query, ReadContext } from '../../src/store/fetch.ts';
import type { Body, Meta, Payload, Value } from '../../src/store/payload.ts';
import { collect } from '../http/collect.ts';
import { content, nothing, plain, unchanged } from '../http/content.ts';
import { codingNames, decoders } from '../http/decoders.ts';
import { formatOf, type Format } from '../http/format.ts';
import { owned } from '../http/owned.ts';
import { counting, isAll } from '../http/part.ts';
import { unaskedFor304 } from '../http/status-code.ts';
import { metadataOf } from './answer-headers.ts';
import { s3Failure } from './failure.ts';
import { getInput, headInput } from './input.ts';
import { metaOf, partOf } from './object-meta.ts';
import type { S3Options } from './options.ts';
import type { GetObject, HeadObject } from './params.ts';

/**
 * An object's content, gathered or as its bytes; every body is consumed, destroyed, or belongs to the
 * payload.
 */
export async function get(
  client: S3Client,
  query: GetObject,
  want: Payload['kind'],
  options: S3Options,
  context: ReadContext,
): Promise<Value | Body> {
  const { signal } = context;
  const command = new GetObjectCommand(getInput(query, options));
  let answer: GetObjectCommandOutput;
  try {
    answer = await client.send(command, { abortSignal: signal });
  } catch (error) {
    const failure = s3Failure(error);
    if (failure.status !== 304) throw failure;
    if (keeps({ params: query })) throw unaskedFor304();
    const { etag, 'last-modified': date } = (error as S3ServiceException).$response?.headers ?? {};
    const meta: Meta = { status: 304 };
    if (etag !== undefined) meta.etag = etag;
    if (date !== undefined) meta.lastModified = new Date(date).toISOString();
    if (want === 'body') return { kind: 'body', stream: Readable.from([]), meta };
    return query.isRenewal ? unchanged(meta) : nothing(meta);
  }
  const source = answer.Body as Readable;
  try {
    const part = partOf(answer, query.range);
    const meta = metaOf(answer, part, query.range);
    const counted = counting(part, answer.ContentLength);
    if (want === 'body') return { kind: 'body', stream: owned(source, signal, s3Failure, counted), meta };
    if ((meta.length ?? 0) > options.maxBytes) throw tooLarge(options.maxBytes);
    const { length: _length, contentRange: _contentRange, ...told } = meta;
    const { format, coding } = reading(query.format, answer, part !== undefined && !isAll(part));
    const stream = owned(source, signal, s3Failure, [...counted, ...coding]);
    const bytes = await collect(stream, options.maxBytes, context, () => tooLarge(options.maxBytes));
    return await content(bytes, format, told, context, undefined, part !== undefined && part.first > 0);
  } catch (error) {
    source.on('error', () => {}).destroy();
    throw error;
  }
}

/** Asks for an object's content unless its entity tag is still this one; undefined of any other op. */
export function renewal({ op, params, want }: Query, etag: string): Query | undefined {
  const query: GetObject = { ...(params as GetObject), ifNoneMatch: etag, isRenewal: true };
  return op === 'getObject' ? { op, params: query, want } : undefined;
}

/** Whether an answer may be kept: that to a condition is for whoever set it. */
export function keeps({ params }: Pick<Query, 'params'>): boolean {
  const { ifNoneMatch, ifModifiedSince } = params as GetObject;
  return (ifNoneMatch ?? ifModifiedSince) === undefined;
}

/**
 * How an object is read, and what decodes it first. Base64 stands for the stored bytes; a part of an encoded
 * object has no others.
 */
function reading(
  asked: GetObject['format'],
  { ContentType, ContentEncoding }: GetObjectCommandOutput,
  partial: boolean,
): { format: Format; coding: Duplex[] } {
  const undecodable = partial && codingNames(ContentEncoding).length > 0;
  const format = asked !== 'auto' ? asked : undecodable ? 'base64' : formatOf(ContentType);
  if (format === 'base64') return { format, coding: [] };
  if (undecodable)
    throw new CodapError(
      'BAD_RESPONSE',
      'a part of an encoded object cannot be decoded; format base64 gives its bytes',
    );
  const coding = decoders(ContentEncoding);
  if (coding) return { format: partial && asked === 'auto' ? 'part' : format, coding };
  throw new CodapError('BAD_RESPONSE', 'the object has an unknown content encoding; format base64 gives its bytes');
}

/** What the store says about an object. */
export async function head(
  client: S3Client,
  query: HeadObject,
  options: S3Options,
  signal: AbortSignal,
): Promise<Value> {
  const command = new HeadObjectCommand(headInput(query, options));
  const answer = await client.send(command, { abortSignal: signal });
  return plain({
    size: answer.ContentLength ?? null,
    contentType: answer.ContentType ?? null,
    etag: answer.ETag ?? null,
    lastModified: answer.LastModified?.toISOString() ?? null,
    versionId: answer.VersionId ?? null,
    metadata: metadataOf(answer.Metadata),
  });
}

function tooLarge(maxBytes: number): CodapError {
  return new CodapError(
    'TOO_LARGE',
    `the object has more than ${maxBytes} bytes, the source's maxBytes; presignGetObject gives its address, and an archive (Accept: application/zip) its bytes`,
  );
}
