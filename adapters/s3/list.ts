import { ListObjectsV2Command, type ListObjectsV2CommandOutput, type S3Client } from '@aws-sdk/client-s3';
import type { Value } from '../../src/payload.ts';
import { plain } from '../content.ts';
import type { S3Options } from './options.ts';
import type { ListObjects } from './params.ts';

/** Keys a page has at most (Amazon S3 API reference, ListObjectsV2). */
const PAGE = 1000;

interface Listing {
  readonly objects: { key: string; size: number; etag: string | null; lastModified: string | null }[];
  readonly prefixes: string[];
  readonly nextToken: string | null;
}

/** Follows pages until `limit` objects and prefixes are there; keys are told without the source's prefix. */
export async function list(
  client: S3Client,
  query: ListObjects,
  options: S3Options,
  signal: AbortSignal,
): Promise<Value> {
  const objects: Listing['objects'] = [];
  const prefixes: string[] = [];
  let token = query.token;
  do {
    const page = await onePage(
      client,
      query,
      options,
      Math.min(PAGE, query.limit - objects.length - prefixes.length),
      token,
      signal,
    );
    objects.push(...page.objects);
    prefixes.push(...page.prefixes);
    token = page.nextToken ?? undefined;
  } while (token !== undefined && objects.length + prefixes.length < query.limit);
  return plain({ objects, prefixes, nextToken: token ?? null } satisfies Listing);
}

/** The objects of a listing one by one, page after page, without an end but the bucket's or `limit`. */
export async function* listItems(
  client: S3Client,
  query: ListObjects,
  options: S3Options,
  signal: AbortSignal,
): AsyncGenerator<Value> {
  let token = query.token;
  let left = query.limit;
  do {
    const page = await onePage(client, query, options, Math.min(PAGE, left), token, signal);
    for (const object of page.objects) yield plain(object);
    left -= page.objects.length + page.prefixes.length;
    token = page.nextToken ?? undefined;
  } while (token !== undefined && left > 0);
}

async function onePage(
  client: S3Client,
  { prefix, delimiter, startAfter }: ListObjects,
  options: S3Options,
  count: number,
  token: string | undefined,
  signal: AbortSignal,
): Promise<Listing> {
  const command = new ListObjectsV2Command({
    Bucket: options.bucket,
    Prefix: prefix,
    Delimiter: delimiter,
    StartAfter: token === undefined ? startAfter : undefined,
    ContinuationToken: token,
    MaxKeys: count,
  });
  return read(await client.send(command, { abortSignal: signal }), options.prefix.length);
}

function read(page: ListObjectsV2CommandOutput, prefix: number): Listing {
  const objects = (page.Contents ?? []).map(({ Key = '', Size = 0, ETag, LastModified }) => ({
    key: Key.slice(prefix),
    size: Size,
    etag: ETag ?? null,
    lastModified: LastModified?.toISOString() ?? null,
  }));
  const prefixes = (page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix.slice(prefix));
  return { objects, prefixes, nextToken: (page.IsTruncated && page.NextContinuationToken) || null };
}
