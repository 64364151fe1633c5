import { agreed, isEntityTag, isLength, isMediaType } from '../http/field-values.ts';
import { httpDate } from '../http/http-date.ts';

/** The fields of an answer that are read, and what each has to look like to be told. */
const FIELDS: Readonly<Record<string, (text: string) => boolean>> = {
  'content-type': isMediaType,
  'content-length': isLength,
  etag: isEntityTag,
  'last-modified': isDate,
  'x-amz-version-id': (text) => /^[\x21-\x7e]{1,1024}$/.test(text),
  'retry-after': () => true,
  date: isDate,
};
/** Those whose values make one where they come more than once. */
const LISTS = /^(?:content-encoding|content-range|x-amz-meta-.*)$/;

/**
 * What the SDK is told of an answer: the fields that are read, each as one well-formed value. One that is
 * not, or that comes twice and does not agree, says nothing: the SDK would fail the whole answer for it.
 */
export function answerHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const told: Record<string, string> = {};
  for (const [name, value = []] of Object.entries(headers)) {
    const text = agreed(value);
    if (LISTS.test(name)) told[name] = [value].flat().join(', ');
    else if (text !== undefined && Object.hasOwn(FIELDS, name) && FIELDS[name]?.(text)) told[name] = text;
  }
  if (told['content-range'] === '') delete told['content-range'];
  return told;
}

/** An HTTP date, in the form that the SDK is sure to read. */
function isDate(text: string): boolean {
  return httpDate(text) !== undefined;
}
