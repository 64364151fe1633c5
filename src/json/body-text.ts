const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The key whose opening quote is at `start`. */
export function keyAt(body: Buffer, start: number): string {
  let end = start + 1;
  while (body[end] !== QUOTE) end += body[end] === BACKSLASH ? 2 : 1;
  const text = body.toString('utf8', start, end + 1);
  return text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1);
}

/** How many bytes of a body are the byte order mark of UTF-8, which is no part of its text: 3 or 0. */
export function markLength(body: Buffer): number {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
}

/** Says from where on a body, whose text begins at `from`, is no JSON. */
export function notJsonAt(body: Buffer, at: number, from: number): string {
  if (at === 0 && (body[0] === 0xff ? body[1] === 0xfe : body[0] === 0xfe && body[1] === 0xff))
    return 'not JSON: by its byte order mark this is UTF-16, and JSON is UTF-8 (RFC 8259 §8.1)';
  const before = body.toString('utf8', from, at);
  const line = before.split('\n').length;
  const column = before.length - before.lastIndexOf('\n');
  const what = at < body.length ? 'not JSON from here on' : 'the JSON ends too early';
  return `${what}: line ${line}, column ${column}, byte ${at}`;
}
