import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ZipWriter } from '../../src/encodings/archive/zip-writer.ts';
import { unpack } from './unpack.ts';
import { archive, flowing, stored } from './writers.ts';

const start = (sink: ConstructorParameters<typeof ZipWriter>[0]) => new ZipWriter(sink);

/** What Python's zipfile reads of an archive. */
async function read(bytes: Buffer, expression: string): Promise<unknown> {
  const place = await mkdtemp(join(tmpdir(), 'codap-zip-'));
  try {
    await writeFile(join(place, 'a.zip'), bytes);
    const code = `import json, sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(json.dumps(${expression}))`;
    return JSON.parse((await promisify(execFile)('python3', ['-c', code, join(place, 'a.zip')])).stdout);
  } finally {
    await rm(place, { recursive: true });
  }
}

describe('a zip', () => {
  it.each(['unzip', 'zipfile'] as const)('is unpacked by %s, names and bytes as they were', async (program) => {
    const { bytes } = await archive(start, [
      ['a.txt', stored('hello')],
      ['Grüße/日本.txt', stored('')],
      ['flow.bin', flowing(['one', 'two'], 6)],
      ['unknown.bin', flowing(['three'], undefined)],
      ['nothing.bin', flowing([], 0)],
    ]);
    const files = await unpack(program, bytes);
    expect(Object.fromEntries([...files].map(([name, content]) => [name, content.toString()]))).toEqual({
      'a.txt': 'hello',
      'Grüße/日本.txt': '',
      'flow.bin': 'onetwo',
      'unknown.bin': 'three',
      'nothing.bin': '',
    });
  });

  it.each<[number | undefined, string]>([
    [6, '504b0708 crc 06000000 06000000'],
    [undefined, '504b0708 crc 0600000000000000 0600000000000000'],
  ])('ends a body that flows, told to have %s bytes, with a data descriptor', async (size, told) => {
    const { bytes } = await archive(start, [['flow.bin', flowing(['one', 'two'], size)]]);
    const crc = Buffer.alloc(4);
    crc.writeUInt32LE(crc32('onetwo'));
    const from = bytes.indexOf('onetwo') + 6;
    const descriptor = told.replace('crc', crc.toString('hex')).replaceAll(' ', '');
    expect(bytes.toString('hex', from, bytes.indexOf('PK\x01\x02'))).toBe(descriptor);
  });

  it('tells checksums, the store’s modification times, and its comment', async () => {
    const { bytes } = await archive(start, [['a.txt', flowing(['hello'], 5)]], 'Incomplete');
    expect(await read(bytes, '[z.testzip(), z.infolist()[0].date_time, z.comment.decode()]')).toEqual([
      null,
      [2026, 3, 1, 9, 30, 0],
      'Incomplete',
    ]);
  });

  it.each<[string, number[], string | undefined]>([
    ['1850-06-15T12:30:10Z', [1980, 1, 1, 0, 0, 0], undefined],
    ['1979-12-31T23:59:59Z', [1980, 1, 1, 0, 0, 0], '1979-12-31T23:59:59.000Z'],
    ['1980-01-01T00:00:00Z', [1980, 1, 1, 0, 0, 0], '1980-01-01T00:00:00.000Z'],
    ['2038-01-19T03:14:07Z', [2038, 1, 19, 3, 14, 6], '2038-01-19T03:14:07.000Z'],
    ['2038-01-19T03:14:08Z', [2038, 1, 19, 3, 14, 8], undefined],
    ['2107-12-31T23:59:58Z', [2107, 12, 31, 23, 59, 58], undefined],
    ['2108-01-01T00:00:00Z', [2107, 12, 31, 23, 59, 58], undefined],
    ['9999-06-15T12:30:10Z', [2107, 12, 31, 23, 59, 58], undefined],
  ])(
    'tells the time %s, or the nearest that it can, and the very second where 32 bits hold it',
    async (text, told, exact) => {
      const { bytes } = await archive(start, [['a.txt', { ...stored('x'), modified: new Date(text) }]]);
      const [date, extra] = (await read(bytes, '(lambda i: [i.date_time, i.extra.hex()])(z.infolist()[0])')) as [
        number[],
        string,
      ];
      expect(date).toEqual(told);
      const seconds = extra === '' ? undefined : Buffer.from(extra, 'hex').readInt32LE(5);
      expect(seconds && new Date(seconds * 1000).toISOString()).toBe(exact);
      expect((await unpack('unzip', bytes)).get('a.txt')?.toString()).toBe('x');
    },
  );

  it('keeps what came of a body that broke, and tells', async () => {
    const { bytes, broken } = await archive(start, [['a.txt', flowing(['half'], 8, true)]]);
    expect(broken).toMatchObject([{ code: 'UNAVAILABLE' }]);
    expect((await unpack('zipfile', bytes)).get('a.txt')?.toString()).toBe('half');
  });

  it('holds 70,000 entries', async () => {
    const entry = stored('x');
    const entries = Array.from({ length: 70_000 }, (_, at) => [`${at}.txt`, entry] as const);
    const { bytes } = await archive(start, entries);
    expect(await read(bytes, '[len(z.namelist()), z.read("69999.txt").decode()]')).toEqual([70_000, 'x']);
  }, 60_000);

  it('may be empty', async () => {
    expect(await read((await archive(start, [])).bytes, 'z.namelist()')).toEqual([]);
  });
});
