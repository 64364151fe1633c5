/**
 * A segment that a server may take for `.` or `..`, whatever it drops before it looks: control characters,
 * what follows one, and path parameters, such as `..;x`.
 */
const DOT_SEGMENT = /(?:^|[\\/])\p{Cc}*\.\p{Cc}*\.?(?:[\\/;?#\p{Cc}]|$)/u;
/** The same in a key, which is sent encoded: `;`, `?` and `#` are characters of a name there. */
const DOT_SEGMENT_OF_KEY = /(?:^|[\\/])\p{Cc}*\.\p{Cc}*\.?(?:[\\/\p{Cc}]|$)/u;
/** What some decoders of UTF-8 take for one ASCII character, though it has more bytes than that needs. */
const OVERLONG = /(?:[\xc0\xc1]|\xe0[\x80\x81]|\xf0\x80[\x80\x81]|\xf8\x80{2}[\x80\x81]|\xfc\x80{3}[\x80\x81])[^]/g;
/** As it stands, decoded once, decoded twice. */
const ROUNDS = 2;

/**
 * True if a path has a segment `.` or `..`, or what a server may take for one, as it stands or after decoding
 * its percent-escapes once or twice; who has its decodings already gives them.
 */
export function climbs(path: string, seen = decodings(path), segment = DOT_SEGMENT): boolean {
  if (!seen) return path.includes('.') && segment.test(path);
  return seen.some((bytes) => [bytes, bytes.replace(OVERLONG, shortened)].some((it) => segment.test(it)));
}

/** The same of a key of S3. */
export function keyClimbs(key: string): boolean {
  return climbs(key, decodings(key), DOT_SEGMENT_OF_KEY);
}

/**
 * What servers may see of a path with percent-escapes, as bytes (a character each): as it stands, and after
 * decoding these once and twice. Undefined where it has none.
 */
export function decodings(path: string): readonly string[] | undefined {
  if (!path.includes('%')) return undefined;
  const seen = [Buffer.from(path).toString('latin1')];
  while (seen.length <= ROUNDS) seen.push(unescaped(seen.at(-1) as string));
  return seen;
}

/** Unlike `decodeURIComponent`, never gives up: one broken escape must not hide the others. */
function unescaped(bytes: string): string {
  return bytes.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** The low six bits are in the last byte, the one above them in the byte before. */
function shortened(bytes: string): string {
  const [before, last] = [bytes.charCodeAt(bytes.length - 2), bytes.charCodeAt(bytes.length - 1)];
  return String.fromCharCode(((before & 1) << 6) | (last & 0x3f));
}
