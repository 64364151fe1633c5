import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { CodapError } from '../../src/errors.ts';
import type { Context } from '../../src/store/fetch.ts';
import type { ItemBatch, Value } from '../../src/store/payload.ts';
import { plain } from '../http/content.ts';
import { listInput, listLimit } from './input.ts';
import type { S3Options } from './options.ts';
import { readPage, type Listing } from './page.ts';
import type { ListObjects } from './params.ts';
import { Progress } from './progress.ts';

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
  for await (const page of pages(client, query, listLimit(query), options, signal)) {
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

/**
 * Objects page by page; without a `limit` to the end. A common prefix is `{"prefix": …}`, after the objects
 * of its page.
 */
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
  query: ListObjects,
  limit: number,
  options: S3Options,
  signal: AbortSignal,
): AsyncGenerator<Listing> {
  const progress = new Progress(query.token);
  let left = limit;
  let { token } = query;
  do {
    const input = listInput(query, options, left, token);
    const answer = await client.send(new ListObjectsV2Command(input), { abortSignal: signal });
    const asked = { prefix: query.prefix, sourcePrefix: options.prefix, most: input.MaxKeys };
    const page = readPage(answer, asked);
    progress.note(page);
    yield page;
    left -= page.objects.length + page.prefixes.length;
    token = page.nextToken ?? undefined;
  } while (token !== undefined && left > 0);
}
