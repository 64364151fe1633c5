/** Whether a text is a media type: a type and a subtype; what is wrong in its parameters says nothing. */
export function isMediaType(text: string): boolean {
  return /^[!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]+[ \t]*(?:;|$)/.test(text);
}

/** Whether a text is an entity tag (RFC 9110 §8.8.3). */
export function isEntityTag(text: string): boolean {
  return /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/.test(text);
}
