import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { CodapError } from '../../src/errors.ts';
import { isEntityTag } from '../http/field-values.ts';

/** Objects and common prefixes, and the token to go on with; keys are told without the source's prefix. */
export interface Listing {
  readonly objects: { key: string; size: number; etag: string | null; lastModified: string | null }[];
  readonly prefixes: string[];
  readonly nextToken: string | null;
}

/** What a page of a listing was asked for. */
interface Asked {
  /** Of every key, the source's included. */
  readonly prefix: string;
  /** Of the source; keys are told without it. */
  readonly sourcePrefix: string;
  /** Objects and prefixes. */
  readonly most: number;
}

/** A page as codap tells it; BAD_RESPONSE if it cannot be read or is not what was asked for. */
export function readPage(page: ListObjectsV2CommandOutput, { prefix, sourcePrefix, most }: Asked): Listing {
  const { Contents = [], CommonPrefixes = [], NextContinuationToken: token, IsTruncated } = page;
  // Whatever XML there is reads as an empty listing; a real one names its bucket or says whether it goes on.
  if (page.Name === undefined && IsTruncated === undefined)
    throw new CodapError('BAD_RESPONSE', 'the store answered something that is not a listing');
  if (Contents.length + CommonPrefixes.length > most)
    throw new CodapError('BAD_RESPONSE', 'the store listed more than it was asked for');
  if (IsTruncated && !token) throw new CodapError('BAD_RESPONSE', 'the store does not say where its listing goes on');
  const told = (text = ''): string => (page.EncodingType === 'url' ? decoded(text) : text);
  const below = (whole: string): string => {
    if (whole === '' || !whole.startsWith(prefix)) throw outside();
    return whole.slice(sourcePrefix.length);
  };
  const objects = Contents.map(({ Key, Size = -1, ETag = '', LastModified }) => {
    if (!Number.isSafeInteger(Size) || Size < 0) throw unreadable();
    return {
      key: below(told(Key)),
      size: Size,
      etag: isEntityTag(ETag) ? ETag : null,
      lastModified: LastModified?.toISOString() ?? null,
    };
  });
  const prefixes = CommonPrefixes.map(({ Prefix }) => {
    const whole = told(Prefix);
    // It reaches to the delimiter after what was asked for.
    if (whole === prefix) throw outside();
    return below(whole);
  });
  return {
    // The marker some tools put where a prefix begins is not below it.
    objects: objects.filter(({ key }) => key !== ''),
    prefixes,
    // A store that leaves out what is false says by its token that there is more.
    nextToken: (IsTruncated !== false && token) || null,
  };
}

function outside(): CodapError {
  return new CodapError('BAD_RESPONSE', 'the store listed what is not below the prefix');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (cause) {
    throw unreadable(cause);
  }
}

function unreadable(cause?: unknown): CodapError {
  return new CodapError('BAD_RESPONSE', 'the store answered a listing that cannot be read', { cause });
}
