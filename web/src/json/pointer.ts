/** A segment as it stands in a JSON Pointer (RFC 6901). */
export function encodeSegment(segment: string | number): string {
  return String(segment).replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The segments of a JSON Pointer, also of one that is a fragment (`#/queries/a`, RFC 6901 §6). */
export function segmentsOf(pointer: string): string[] {
  const [, ...segments] = (pointer.startsWith('#') ? unescaped(pointer.slice(1)) : pointer).split('/');
  return segments.map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
