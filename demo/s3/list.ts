import type { Answer } from '../http/answer.ts';
import type { Bucket } from './bucket.ts';
import { S3Failure } from './failure.ts';
import type { S3Request } from './request.ts';
import { element, type Xml } from './xml.ts';

interface Page {
  keys: string[];
  prefixes: string[];
  /** The last key or common prefix of a page that more follow. */
  last?: string;
}

/** Answers ListObjectsV2. */
export function listObjectsV2({ call, bucket, bucketName }: S3Request): Answer {
  const { query } = call;
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const maxKeys = Math.min(call.number('max-keys', 1000), 1000);
  const token = query.get('continuation-token');
  const startAfter = query.get('start-after') ?? '';
  const after = token === null ? startAfter : readToken(token);
  const page = pageOf(bucket, prefix, delimiter, after, maxKeys);
  const shown = query.get('encoding-type') === 'url' ? encodeUrl : String;
  const xml = element(
    'ListBucketResult',
    element('Name', bucketName),
    element('Prefix', shown(prefix)),
    element('KeyCount', page.keys.length + page.prefixes.length),
    element('MaxKeys', maxKeys),
    element('IsTruncated', page.last !== undefined),
    ...(delimiter ? [element('Delimiter', shown(delimiter))] : []),
    ...(shown === encodeUrl ? [element('EncodingType', 'url')] : []),
    ...(startAfter ? [element('StartAfter', shown(startAfter))] : []),
    ...(token === null ? [] : [element('ContinuationToken', token)]),
    ...(page.last === undefined
      ? []
      : [element('NextContinuationToken', Buffer.from(page.last).toString('base64url'))]),
    ...page.keys.map((key) => contents(bucket, key, shown)),
    ...page.prefixes.map((common) => element('CommonPrefixes', element('Prefix', shown(common)))),
  );
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: xml.document() };
}

function pageOf(bucket: Bucket, prefix: string, delimiter: string, after: string, maxKeys: number): Page {
  const page: Page = { keys: [], prefixes: [] };
  const all = bucket.keys();
  let latest = '';
  for (let at = firstAfter(all, after); at < all.length; at += 1) {
    const key = all[at] ?? '';
    if (!key.startsWith(prefix)) continue;
    const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
    const common = cut < 0 ? undefined : key.slice(0, cut + delimiter.length);
    // A common prefix that ended a page stands for all keys below it.
    if (common !== undefined && (common === page.prefixes.at(-1) || common === after)) continue;
    if (page.keys.length + page.prefixes.length === maxKeys) return maxKeys === 0 ? page : { ...page, last: latest };
    (common === undefined ? page.keys : page.prefixes).push((latest = common ?? key));
  }
  return page;
}

function firstAfter(keys: readonly string[], after: string): number {
  const bound = Buffer.from(after);
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Buffer.compare(Buffer.from(keys[middle] ?? ''), bound) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}

function contents(bucket: Bucket, key: string, shown: (text: string) => string): Xml {
  const object = bucket.get(key);
  if (object === undefined) throw new S3Failure('InternalError');
  return element(
    'Contents',
    element('Key', shown(key)),
    element('LastModified', object.lastModified.toISOString()),
    element('ETag', object.etag),
    element('Size', object.size),
    element('StorageClass', 'STANDARD'),
  );
}

function readToken(token: string): string {
  if (!/^[\w-]+$/.test(token)) throw new S3Failure('InvalidArgument', 'The continuation token provided is incorrect');
  return Buffer.from(token, 'base64url').toString();
}

/** As S3 encodes keys in a listing: slashes stay, a space is a plus. */
function encodeUrl(text: string): string {
  return encodeURIComponent(text).replaceAll('%2F', '/').replaceAll('%20', '+');
}
