import { MIMEType } from 'node:util';

/** The fields of an answer that are read, and what each has to look like to be told. */
const FIELDS: Readonly<Record<string, (text: string) => boolean>> = {
  'content-type': isMediaType,
  'content-length': (text) => /^\d{1,15}$/.test(text),
  etag: isEntityTag,
  'last-modified': isDate,
  'x-amz-version-id': (text) => /^[\x21-\x7e]{1,1024}$/.test(text),
  'retry-after': () => true,
  date: isDate,
};
/** Those whose values make one where they come more than once. */
const LISTS = /^(?:content-encoding|content-range|x-amz-meta-.*)$/;

/**
 * What the SDK is told of an answer: the fields that are read, each as one well-formed value. One that is not,
 * or that comes twice and does not agree, says nothing: the SDK would fail the whole answer for it.
 */
export function answerHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const told: Record<string, string> = {};
  for (const [name, value = []] of Object.entries(headers)) {
    const values = [value].flat();
    const [text = '', ...more] = new Set(values);
    if (LISTS.test(name)) told[name] = values.join(', ');
    else if (more.length === 0 && Object.hasOwn(FIELDS, name) && FIELDS[name]?.(text)) told[name] = text;
  }
  if (told['content-range'] === '') delete told['content-range'];
  return told;
}

/** Whether a text is an entity tag (RFC 9110 §8.8.3). */
export function isEntityTag(text: string): boolean {
  return /^(?:W\/)?"[\x21\x23-\x7e]*"$/.test(text);
}

function isMediaType(text: string): boolean {
  try {
    return /^[\t\x20-\x7e]+$/.test(text) && new MIMEType(text).essence !== '';
  } catch {
    return false;
  }
}

/** An HTTP date, a day that there was; V8 reads much else as one, such as "0". */
function isDate(text: string): boolean {
  return new Date(text).toUTCString() === text;
}
