import type { Duplex } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib';
import { type Coding, Decoded } from './decoded.ts';

// Many gzip members in a row are zlib's own business; it stops at a zero byte, with which files are padded.
const gzip: Coding = { decoder: () => createGunzip(), after: (next) => (next === 0 ? 'padding' : 'rubbish') };
/** With the header of zlib, as it should be, or without, as some servers send it. */
const isWrapped = (first: number): boolean => (first & 0x0f) === 8;

const CODINGS = new Map<string, Coding>([
  ['gzip', gzip],
  ['x-gzip', gzip],
  [
    'deflate',
    { decoder: (first) => (isWrapped(first) ? createInflate() : createInflateRaw()), after: () => 'rubbish' },
  ],
  ['br', { decoder: () => createBrotliDecompress(), after: () => 'rubbish' }],
  // Frames in a row are one body, those to be skipped included (RFC 8878 §3.1).
  ['zstd', { decoder: () => createZstdDecompress(), after: () => 'frame' }],
]);

/** Codings that say nothing about the bytes; S3-like stores keep `aws-chunked` from an upload. */
const NONE = new Set(['', 'identity', 'aws-chunked']);

/** What `accept-encoding` may ask for. */
export const ACCEPTED = 'gzip, deflate, br, zstd';

/** True for what zlib says of bytes that are not in the coding they should be in. */
export function isDecodingError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(?:Z_|ZSTD_|ERR__ERROR_)/.test(String(error.code));
}

/**
 * The codings that a `content-encoding` (RFC 9110 §8.4) names, in order, but for those that leave the bytes
 * as they are.
 */
export function codingNames(contentEncoding = ''): string[] {
  return contentEncoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => !NONE.has(name));
}

/**
 * What a `content-encoding` did to the bytes, in order; undefined if one is unknown or there are more than
 * three.
 */
export function codings(contentEncoding: string | undefined): Coding[] | undefined {
  const found = codingNames(contentEncoding).map((name) => CODINGS.get(name));
  return found.length > 3 || found.includes(undefined) ? undefined : (found as Coding[]);
}

/** Streams that undo codings, in the order to apply them. */
export function undoing(codings: readonly Coding[]): Duplex[] {
  return codings.toReversed().map((coding) => new Decoded(coding));
}

/** Streams that undo a `content-encoding`; undefined where `codings` is. */
export function decoders(contentEncoding: string | undefined): Duplex[] | undefined {
  const found = codings(contentEncoding);
  return found && undoing(found);
}
