import type { Duplex } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';

const CODINGS = new Map<string, () => Duplex>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
  ['zstd', createZstdDecompress],
]);

/** Codings that say nothing about the bytes; S3-like stores keep `aws-chunked` from an upload. */
const NONE = new Set(['', 'identity', 'aws-chunked']);

/** What `accept-encoding` may ask for. */
export const ACCEPTED = 'gzip, deflate, br, zstd';

/** True for what zlib says of bytes that are not in the coding they should be in. */
export function isDecodingError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(?:Z_|ZSTD_|ERR__ERROR_)/.test(String(error.code));
}

/** Streams that undo a `content-encoding` (RFC 9110 §8.4), in the order to apply them; undefined if one is unknown or there are more than three. */
export function decoders(contentEncoding: string | undefined): Duplex[] | undefined {
  const makers = codings(contentEncoding)
    .map((name) => CODINGS.get(name))
    .toReversed();
  if (makers.length > 3 || makers.includes(undefined)) return undefined;
  return makers.map((make) => (make as () => Duplex)());
}

/** The codings that a `content-encoding` names, but for those that leave the bytes as they are. */
export function codings(contentEncoding = ''): string[] {
  return contentEncoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => !NONE.has(name));
}
