const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The key whose opening quote is at `start`. */
export function keyAt(body: Buffer, start: number): string {
  let end = start + 1;
  while (body[end] !== QUOTE) end += body[end] === BACKSLASH ? 2 : 1;
  const text = body.toString('utf8', start, end + 1);
  return text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1);
}

/** Says from where on a body is no JSON. */
export function notJsonAt(body: Buffer, at: number): string {
  const before = body.toString('utf8', 0, at);
  const line = before.split('\n').length;
  const column = before.length - before.lastIndexOf('\n');
  const what = at < body.length ? 'not JSON from here on' : 'the JSON ends too early';
  return `${what}: line ${line}, column ${column}, byte ${at}`;
}
