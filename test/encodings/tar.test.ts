import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { TarWriter } from '../../src/encodings/archive/tar-writer.ts';
import { unpack } from './unpack.ts';
import { archive, flowing, stored } from './writers.ts';
import { unbounded } from '../unbounded.ts';

const start = (sink: ConstructorParameters<typeof TarWriter>[0]) => new TarWriter(sink, unbounded().memory);

describe('a tar', () => {
  it.each(['tar', 'tarfile'] as const)('is unpacked by %s, names and bytes as they were', async (program) => {
    const long = `${'folder/'.repeat(40)}Grüße 日本.txt`;
    const { bytes } = await archive(start, [
      ['a.txt', stored('hello')],
      [long, stored('far')],
      ['flow.bin', flowing(['one', 'two'], 6)],
      ['unknown.bin', flowing(['three'], undefined)],
      ['nothing.bin', flowing([], 0)],
    ]);
    const files = await unpack(program, bytes);
    expect(Object.fromEntries([...files].map(([name, content]) => [name, content.toString()]))).toEqual({
      'a.txt': 'hello',
      [long]: 'far',
      'flow.bin': 'onetwo',
      'unknown.bin': 'three',
      'nothing.bin': '',
    });
  });

  it.each(['1900-01-01T00:00:00Z', '1969-12-31T23:59:59Z', '2038-01-19T03:14:08Z', '2200-01-01T00:00:00Z'])(
    'keeps the time a file was modified, also beyond 31 bits of seconds: %s',
    async (time) => {
      const modified = new Date(time);
      const { bytes } = await archive(start, [
        ['a.txt', { ...stored('hello'), modified }],
        ['b.txt', { ...flowing(['hello'], 5), modified }],
      ]);
      const { stdout } = await promisify(execFile)('python3', [
        '-c',
        'import io,sys,tarfile; print([int(m.mtime) for m in tarfile.open(fileobj=io.BytesIO(bytes.fromhex(sys.argv[1])))])',
        bytes.toString('hex'),
      ]);
      expect(JSON.parse(stdout)).toEqual([modified.getTime() / 1000, modified.getTime() / 1000]);
    },
  );

  it('fills a body that ends too early with zero bytes, cuts one that is too long, and tells', async () => {
    const { bytes, broken } = await archive(start, [
      ['cut', flowing(['half'], 8, true)],
      ['short', flowing(['half'], 8)],
      ['long', flowing(['too long'], 3)],
      ['next', stored('next')],
    ]);
    expect(broken).toMatchObject([
      { code: 'UNAVAILABLE' },
      { code: 'UNAVAILABLE' },
      { code: 'BAD_RESPONSE' },
      undefined,
    ]);
    const files = await unpack('tar', bytes);
    expect(Object.fromEntries([...files].map(([name, content]) => [name, content.toString()]))).toEqual({
      cut: 'half\0\0\0\0',
      short: 'half\0\0\0\0',
      long: 'too',
      next: 'next',
    });
  });

  it('holds a body of unknown length up to 8 MiB', async () => {
    const megabyte = 'x'.repeat(1024 * 1024);
    const { bytes, broken } = await archive(start, [
      ['fits', flowing(Array<string>(8).fill(megabyte), undefined)],
      ['not', flowing(Array<string>(9).fill(megabyte), undefined)],
    ]);
    expect(broken).toMatchObject([undefined, { code: 'TOO_LARGE' }]);
    const files = await unpack('tar', bytes);
    expect([...files].map(([name, content]) => [name, content.length])).toEqual([['fits', 8 * 1024 * 1024]]);
  });

  it('goes no further once its bytes are refused, however much is left to fill up', async () => {
    let taken = 0;
    const writer = new TarWriter((bytes) => {
      taken += bytes.length;
      if (taken > 100_000) throw new Error('gone');
      return undefined;
    }, unbounded().memory);
    await expect(writer.add(flowing(['half'], 2 ** 40), 'huge')).rejects.toThrow();
    await expect(writer.end('')).rejects.toThrow('gone');
    expect(taken).toBeLessThan(1_000_000);
  });
});
