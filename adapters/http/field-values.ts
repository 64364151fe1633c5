/**
 * Whether a text is a media type, in ASCII: beyond that nobody knows which charset a header is in. What is wrong in its parameters says
 * nothing.
 */
export function isMediaType(text: string): boolean {
  return /^[!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]+[ \t]*(?:;[\t\x20-\x7e]*)?$/.test(text);
}

/** Whether a text is an entity tag (RFC 9110 §8.8.3), in ASCII. */
export function isEntityTag(text: string): boolean {
  return /^(?:W\/)?"[\x21\x23-\x7e]*"$/.test(text);
}
