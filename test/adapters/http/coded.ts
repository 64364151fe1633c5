import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';

/** A body in a content coding, and what it stands for; undefined if it cannot be read. */
export interface Coded {
  readonly name: string;
  readonly coding: string;
  readonly bytes: Buffer;
  readonly text: string | undefined;
}

const KINDS = [
  ['gzip', 'gzip', gzipSync],
  ['gzip by its old name', 'X-Gzip', gzipSync],
  ['deflate', 'deflate', deflateSync],
  ['deflate without a header', 'deflate', deflateRawSync],
  ['br', 'br', brotliCompressSync],
  ['zstd', 'zstd', zstdCompressSync],
] as const;
/** A frame to be skipped (RFC 8878 §3.1.2). */
const SKIPPED = Buffer.of(0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3);

/** Bodies that end where they should, go on, break off, and are followed by something. */
export const CODED: readonly Coded[] = KINDS.flatMap(([name, coding, code]) => {
  const [one, two, none] = ['[1,', '2]', ''].map((text) => code(Buffer.from(text))) as [Buffer, Buffer, Buffer];
  const whole = code(Buffer.from('[1,2]'));
  const all = (...parts: Uint8Array[]): Buffer => Buffer.concat(parts);
  const isGzip = /gzip/i.test(coding);
  const inParts = isGzip || coding === 'zstd' ? '[1,2]' : undefined;
  const bodies: [string, Buffer, string | undefined][] = [
    ['whole', whole, '[1,2]'],
    ['coded nothing', none, ''],
    ['nothing at all', Buffer.alloc(0), ''],
    ['in two parts', all(one, two), inParts],
    ['in two parts, nothing between them', all(one, none, two), inParts],
    ['cut', whole.subarray(0, -2), undefined],
    ['in two parts, the second cut', all(one, two.subarray(0, -1)), undefined],
    ['followed by rubbish', all(whole, Buffer.from('rubbish')), undefined],
    ['followed by one byte', all(whole, Buffer.of(1)), undefined],
    ['padded with zeros', all(whole, Buffer.alloc(5)), isGzip ? '[1,2]' : undefined],
    ['padded, and a second part', all(one, Buffer.alloc(5), two), undefined],
    ['not coded at all', Buffer.from('[1,2]'), undefined],
  ];
  if (coding === 'zstd')
    bodies.push(
      ['skipped parts around it', all(SKIPPED, one, SKIPPED, two, SKIPPED), '[1,2]'],
      ['a skipped part alone', SKIPPED, ''],
      ['a skipped part that is cut', all(whole, SKIPPED.subarray(0, -1)), undefined],
    );
  return bodies.map(([what, bytes, text]) => ({ name: `${name}: ${what}`, coding, bytes, text }));
});
