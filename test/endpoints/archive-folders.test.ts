import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { unpack } from '../encodings/unpack.ts';
import { type Service, startService } from '../service.ts';
import { askBytes, incomplete } from './bytes.ts';

const exec = promisify(execFile);

/** Objects without a byte, as buckets have them for folders, and what is in these. */
const KEYS = ['r/', 'r/2026/', 'r/2026/march.csv', 'r/april.csv', 'r/2026/', 'e/'];

let stores: Stores;
let service: Service;
beforeAll(async () => {
  stores = await startStores();
  service = await startService({ stores });
  for (const key of KEYS)
    await stores.putObject('files', `tree/${key}`, key.endsWith('/') ? '' : key, { contentType: 'text/csv' });
  await stores.putObject('files', 'tree/full/', 'full', { contentType: 'text/csv' });
});
afterAll(async () => {
  await service.close();
  await stores.close();
});

const queryOf = (as: string) => ({ as, source: 'files', op: 'getObject', params: { key: `tree/${as}` } });
const bytesOf = async (pattern: string, queries: object[], accept: string) => {
  const asked = pattern === 'kv' ? Object.fromEntries(queries.entries()) : queries;
  return (await askBytes(`${service.url}/${pattern}`, { queries: asked }, accept)).read();
};

/** What a program of its own finds in an archive: each entry as `mode name`. */
async function entriesIn(archive: Buffer, accept: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'codap-folders-'));
  try {
    const file = join(folder, 'archive');
    await writeFile(file, archive);
    const [program, args] = accept === 'application/zip' ? ['zipinfo', []] : ['tar', ['-tvf']];
    const { stdout } = await exec(program, [...args, file]);
    const lines = stdout.split('\n').filter((line) => /^[d-]r/.test(line));
    return lines.map((line) => line.replace(/^(\S+) .* (\S+)$/, '$1 $2')).toSorted();
  } finally {
    await rm(folder, { recursive: true });
  }
}

const FOUND = [
  '-rw-r--r-- r/2026/march.csv',
  '-rw-r--r-- r/april.csv',
  'drwxr-xr-x e/',
  'drwxr-xr-x r/',
  'drwxr-xr-x r/2026/',
];

describe('an object without a byte by the name of a folder', () => {
  it.each([
    ['kv', 'application/zip'],
    ['first-reply', 'application/zip'],
    ['ordered', 'application/x-tar'],
    ['first-reply', 'application/gzip'],
  ])('is that folder, under %s in %s, before or behind what is in it', async (pattern, accept) => {
    for (const keys of [KEYS, KEYS.toReversed()])
      expect(
        await entriesIn(
          await bytesOf(
            pattern,
            keys.map((key) => queryOf(key)),
            accept,
          ),
          accept,
        ),
      ).toEqual(FOUND);
  });

  it.each([
    ['unzip', 'application/zip'],
    ['tarfile', 'application/x-tar'],
  ] as const)('is unpacked by %s (%s) with all that is in it', async (program, accept) => {
    const queries = KEYS.map((key) => queryOf(key));
    const files = await unpack(program, await bytesOf('first-reply', queries, accept));
    expect([...files.keys()].toSorted()).toEqual(['r/2026/march.csv', 'r/april.csv']);
  });

  it('is that folder where its value is gathered, too', async () => {
    const asText = { ...queryOf('r/'), params: { key: 'tree/r/', format: 'text' } };
    const reader = { ...queryOf('r/april.csv'), when: { equals: [{ $result: '/r~1' }, ''] } };
    const archive = await bytesOf('ordered', [asText, reader], 'application/zip');
    expect(await entriesIn(archive, 'application/zip')).toEqual(['-rw-r--r-- r/april.csv', 'drwxr-xr-x r/']);
  });
});

describe('by the name of a folder', () => {
  it.each(['application/zip', 'application/x-tar'])('what has bytes is a file in it: %s', async (accept) => {
    const archive = await bytesOf('ordered', [queryOf('full/'), { ...queryOf('r/april.csv'), as: 'full/x' }], accept);
    const files = await unpack(accept.endsWith('zip') ? 'unzip' : 'tar', archive);
    expect([...files].map(([name, bytes]) => [name, String(bytes)])).toEqual([
      ['full/_', 'full'],
      ['full/x', 'r/april.csv'],
    ]);
  });

  it('what fails is no entry, and is listed', async () => {
    const archive = await bytesOf('ordered', [queryOf('none/'), queryOf('r/april.csv')], 'application/zip');
    const files = await unpack('unzip', archive);
    expect(incomplete(files).errors).toMatchObject([{ path: '/0', entry: null, cut: false }]);
    expect([...files.keys()].toSorted()).toEqual(['_INCOMPLETE.json', 'r/april.csv']);
  });

  it('what breaks before its first byte is no entry, and is listed', async () => {
    const broken = { as: 'broken/', source: 'catalog', op: 'get', params: { path: '/text' } };
    await stores.addFault({ store: 'rest', match: '/text', times: 3, fault: { kind: 'cut', afterBytes: 0 } });
    const files = await unpack('unzip', await bytesOf('ordered', [broken, queryOf('r/april.csv')], 'application/zip'));
    expect(incomplete(files).errors).toMatchObject([{ path: '/0', entry: null, cut: false }]);
  });
});
