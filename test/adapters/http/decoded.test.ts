import { pipeline, PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { brotliCompressSync, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { codings, decoders, isDecodingError } from '../../../adapters/http/decoders.ts';
import { CODED } from './coded.ts';
import { failed } from '../failed.ts';

function decode(coding: string, pieces: Iterable<Uint8Array>): Promise<Buffer> {
  const out = new PassThrough().on('error', () => {});
  pipeline([Readable.from(pieces), ...(decoders(coding) ?? []), out], () => {});
  return buffer(out);
}
const byByte = (bytes: Buffer) => Array.from(bytes, (byte) => Buffer.of(byte));

describe('a coded body, at once and byte by byte', () => {
  it.each(CODED)('$name', async ({ coding, bytes, text }) => {
    for (const pieces of [[bytes], byByte(bytes)]) {
      if (text === undefined) expect(isDecodingError(await failed(decode(coding, pieces)))).toBe(true);
      else expect(String(await decode(coding, pieces))).toBe(text);
    }
  });

  it('in several codings is undone from the last to the first', async () => {
    const bytes = gzipSync(brotliCompressSync(zstdCompressSync('a')));
    expect(String(await decode('zstd, br,gzip', [bytes]))).toBe('a');
  });

  it('is not held in memory when nobody reads it', async () => {
    const zeros = Buffer.alloc(64 * 2 ** 20);
    const [decoder] = decoders('gzip') as [NonNullable<ReturnType<typeof decoders>>[number]];
    let given = 0;
    const coded = gzipSync(zeros);
    Readable.from(
      (function* () {
        for (; given < coded.length; given += 1024) yield coded.subarray(given, given + 1024);
      })(),
    ).pipe(decoder);
    await new Promise((resolve) => decoder.once('readable', resolve));
    expect(decoder.readableLength).toBeLessThan(2 ** 20);
    expect((await buffer(decoder)).equals(zeros)).toBe(true);
  });

  it('of many parts is read whole', async () => {
    for (const [coding, code] of [
      ['zstd', zstdCompressSync],
      ['gzip', gzipSync],
    ] as const) {
      const parts = Array.from({ length: 500 }, (_, at) => code(`${at},`));
      const expected = Array.from({ length: 500 }, (_, at) => `${at},`).join('');
      expect(String(await decode(coding, [Buffer.concat(parts)]))).toBe(expected);
    }
  });

  it('of deflate is told apart by its first byte, whatever its level', async () => {
    for (let level = 0; level <= 9; level++) {
      for (const text of ['', 'a', 'x'.repeat(100_000)])
        expect(String(await decode('deflate', [deflateRawSync(text, { level })]))).toBe(text);
    }
  });
});

it('a coding is known by its name, up to three of them', () => {
  expect(codings(undefined)).toEqual([]);
  expect(codings(' identity,, aws-chunked ')).toEqual([]);
  expect(codings('gzip, br, zstd')).toHaveLength(3);
  for (const unknown of ['utf-8', 'base64', 'gzip, utf-8', 'gzip;q=1', 'gzip, gzip, gzip, gzip'])
    expect(codings(unknown)).toBeUndefined();
});
