import { isUtf8 } from 'node:buffer';
import { agreed, isEntityTag, isLength, isMediaType } from '../http/field-values.ts';
import { httpDate } from '../http/http-date.ts';
import { isRegion } from './store-words.ts';

/** The fields of an answer that are read, and what of each is told: nothing of what is malformed. */
const FIELDS: Readonly<Record<string, (text: string) => string | undefined>> = {
  'content-type': where(isMediaType),
  'content-length': where(isLength),
  etag: where(isEntityTag),
  'last-modified': date,
  'x-amz-version-id': where((text) => /^[\x21-\x7e]{1,1024}$/.test(text)),
  'x-amz-bucket-region': where(isRegion),
  'retry-after': where(() => true),
  date,
};
/**
 * Those whose values make one where they come more than once. Of `age` the SDK asks no more than whether
 * there is one: what comes out of a cache has the date of another time.
 */
const LISTS = /^(?:age|content-encoding|content-range|x-amz-meta-.*)$/;
/** What the names of metadata begin with. */
const METADATA = 'x-amz-meta-';
/** Stands before such a name for the SDK, which puts it into an object that would not take `__proto__`. */
const MARK = '=';

/**
 * What the SDK is told of an answer: the fields that are read, each as one well-formed value. One that is
 * not, or that comes twice and does not agree, says nothing: the SDK would fail the whole answer for it.
 */
export function answerHeaders(
  fields: Iterable<readonly [name: string, value: string | string[] | undefined]>,
): Record<string, string> {
  const told: Record<string, string> = {};
  for (const [name, value = []] of fields) {
    const text = agreed(value);
    if (LISTS.test(name)) told[marked(name)] = [value].flat().join(', ');
    else if (text !== undefined && Object.hasOwn(FIELDS, name)) {
      const known = FIELDS[name]?.(text);
      if (known !== undefined) told[name] = known;
    }
  }
  if (told['content-range'] === '') delete told['content-range'];
  return told;
}

/** The metadata that the SDK read, each under the name that the store gave it. */
export function metadataOf(read: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(read).map(([name, value]) => [name.slice(MARK.length), text(value)]));
}

/** What a store sent, whose bytes are here as Latin-1: as UTF-8 where they are that. */
function text(value: string): string {
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : value;
}

function marked(name: string): string {
  return name.startsWith(METADATA) ? METADATA + MARK + name.slice(METADATA.length) : name;
}

function where(isWellFormed: (text: string) => boolean): (text: string) => string | undefined {
  return (text) => (isWellFormed(text) ? text : undefined);
}

/** An HTTP date of any form, in the one that the SDK reads as it stands. */
function date(text: string): string | undefined {
  const instant = httpDate(text);
  return instant === undefined ? undefined : new Date(instant).toUTCString();
}
