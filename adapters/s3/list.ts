import { ListObjectsV2Command, type ListObjectsV2CommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { CodapError } from '../../src/errors.ts';
import type { Context } from '../../src/fetch.ts';
import type { ItemBatch, Value } from '../../src/payload.ts';
import { plain } from '../content.ts';
import type { S3Options } from './options.ts';
import { MOST, type ListObjects } from './params.ts';

/** Keys a page has at most (Amazon S3 API reference, ListObjectsV2). */
const PAGE = 1000;
/** Objects and prefixes that one gathered answer has, unless told. */
const LIMIT = 1000;

interface Listing {
  readonly objects: { key: string; size: number; etag: string | null; lastModified: string | null }[];
  readonly prefixes: string[];
  readonly nextToken: string | null;
}

/** A listing up to `limit`, and the token to go on with; keys are told without the source's prefix. */
export async function list(
  client: S3Client,
  query: ListObjects,
  options: S3Options,
  { signal, memory }: Pick<Context, 'signal' | 'memory'>,
): Promise<Value> {
  const objects: Listing['objects'] = [];
  const prefixes: string[] = [];
  let nextToken: string | null = null;
  for await (const page of pages(client, query, Math.min(query.limit ?? LIMIT, MOST), options, signal)) {
    memory.hold(JSON.stringify(page).length);
    objects.push(...page.objects);
    prefixes.push(...page.prefixes);
    nextToken = page.nextToken;
  }
  const listing = plain({ objects, prefixes, nextToken } satisfies Listing);
  if (Buffer.byteLength(listing.json) <= options.maxBytes) return listing;
  const most = `the listing has more than ${options.maxBytes} bytes, the source's maxBytes`;
  throw new CodapError('TOO_LARGE', `${most}; a lower limit, followed by its nextToken, or stream gives it in parts`);
}

/** Objects page by page; without a `limit` to the end. A common prefix is `{"prefix": …}`, after the objects of its page. */
export async function* listItems(
  client: S3Client,
  query: ListObjects,
  options: S3Options,
  signal: AbortSignal,
): AsyncGenerator<ItemBatch> {
  for await (const { objects, prefixes } of pages(client, query, query.limit ?? Infinity, options, signal)) {
    const page = [...objects, ...prefixes.map((prefix) => ({ prefix }))];
    if (page.length > 0) yield page.map((item) => JSON.stringify(item));
  }
}

async function* pages(
  client: S3Client,
  { prefix, delimiter, startAfter, token: first }: ListObjects,
  limit: number,
  options: S3Options,
  signal: AbortSignal,
): AsyncGenerator<Listing> {
  let left = limit;
  let token = first;
  do {
    const command = new ListObjectsV2Command({
      Bucket: options.bucket,
      Prefix: prefix,
      Delimiter: delimiter,
      StartAfter: token === undefined ? startAfter : undefined,
      ContinuationToken: token,
      MaxKeys: Math.min(PAGE, left),
      // XML 1.0 has no way to write some of the characters that a key may have.
      EncodingType: 'url',
    });
    const page = read(await client.send(command, { abortSignal: signal }), options.prefix);
    yield page;
    left -= page.objects.length + page.prefixes.length;
    token = page.nextToken ?? undefined;
  } while (token !== undefined && left > 0);
}

function read(page: ListObjectsV2CommandOutput, prefix: string): Listing {
  // Whatever XML there is reads as an empty listing; a real one names its bucket and says whether it goes on.
  if (page.Name === undefined && page.IsTruncated === undefined)
    throw new CodapError('BAD_RESPONSE', 'the store answered something that is not a listing');
  const below = (text = ''): string => (page.EncodingType === 'url' ? decoded(text) : text).slice(prefix.length);
  const objects = (page.Contents ?? []).map(({ Key, Size = 0, ETag, LastModified }) => ({
    key: below(Key),
    size: Size,
    etag: ETag ?? null,
    lastModified: LastModified?.toISOString() ?? null,
  }));
  return {
    // The marker some tools put where a prefix begins is not below it.
    objects: objects.filter(({ key }) => key !== ''),
    prefixes: (page.CommonPrefixes ?? []).map(({ Prefix }) => below(Prefix)),
    nextToken: (page.IsTruncated && page.NextContinuationToken) || null,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (cause) {
    throw new CodapError('BAD_RESPONSE', 'the store answered a listing that cannot be read', { cause });
  }
}
