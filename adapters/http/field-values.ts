import { remembering } from '../../src/ground/remember.ts';

/**
 * Whether a text is a media type, in ASCII: beyond that nobody knows which charset a header is in. What is
 * wrong in its parameters says nothing.
 */
export const isMediaType = remembering((text): boolean =>
  /^[!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]+[ \t]*(?:;[\t\x20-\x7e]*)?$/.test(text),
);

/** Whether a text is a length in bytes (RFC 9110 §8.6), such as a double holds. */
export function isLength(text: string): boolean {
  return /^\d{1,15}$/.test(text);
}

/** The value of a field that came once, or again and again with the same; undefined where it says nothing. */
export function agreed(field: string | readonly string[] | undefined): string | undefined {
  const value = typeof field === 'object' ? (field.every((one) => one === field[0]) ? field[0] : undefined) : field;
  return value === '' ? undefined : value;
}

/** Whether a text is an entity tag (RFC 9110 §8.8.3), in ASCII. */
export function isEntityTag(text: string): boolean {
  return /^(?:W\/)?"[\x21\x23-\x7e]*"$/.test(text);
}

/** The value of a field that is a list, in however many lines it came. */
export function listed(field: string | string[]): string {
  return typeof field === 'object' ? field.join(',') : field;
}

/** Whether a `transfer-encoding` says, once, that the body comes in chunks, or there is none. */
export function isFramed(transfer: string | string[] | undefined): boolean {
  return transfer === undefined || (typeof transfer === 'string' && transfer.toLowerCase() === 'chunked');
}
