import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { unpack, UNPACKED } from '../encodings/unpack.ts';
import { type Service, startService } from '../service.ts';
import { askBytes, incomplete } from './bytes.ts';

let stores: Stores;
let service: Service;
beforeAll(async () => {
  stores = await startStores();
  await stores.load(
    'shop',
    'names',
    NAMES.map((name, at) => ({ _id: at, name, content: content(at) })),
  );
  service = await startService({
    stores,
    limits: { keyChars: 2000 },
    sources: { shop: { collections: ['names'], unique: {} } },
  });
});
afterAll(async () => {
  await service.close();
  await stores.close();
});

/** Names that are dangerous, or that some file system takes for another's. */
const NAMES = [
  '../../up.txt',
  '/etc/passwd',
  'C:\\Windows\\system.ini',
  'a/../b/./c.txt',
  'control\u0000\u0007\n.txt',
  'evil\u202etxt.exe',
  'zero\u200bwidth\ufeff.txt',
  'CON',
  'nul.txt',
  'COM1.tar.gz',
  'what?*<>|":.txt',
  'trailing dot. ',
  `${'long'.repeat(60)}.txt`,
  `${'Größe'.repeat(60)}.txt`,
  `${'deep/'.repeat(250)}end.txt`,
  'photo.jpg',
  'Photo.JPG',
  'photo.jpg',
  'caf\u00e9.txt',
  'cafe\u0301.txt',
  'stra\u00dfe',
  'STRASSE',
  'folder',
  'folder/inside.txt',
  '_INCOMPLETE.json',
  '_incomplete.JSON',
  '日本語/ファイル.txt',
  '😀.txt',
  '-rf',
  ' ',
];

const content = (at: number) => `content ${at}`;
const list = {
  source: 'shop',
  op: 'find',
  params: { collection: 'names', sort: { _id: 1 } },
  as: 'list',
  hidden: true,
};
const each = { forEach: { $result: '/list' }, as: { $item: '/name' }, source: 'catalog' };
/** Each name with a text of its own, and with a body that flows. */
const gathered = [
  list,
  { ...each, op: 'post', params: { path: '/echo', body: { $item: '/content' } }, select: '/body' },
];
const streamed = [list, { ...each, op: 'get', params: { path: '/text' } }];

describe('names that are dangerous or alike', () => {
  it.each(UNPACKED)(
    'are unpacked by %s without a complaint, each with its own content (%s)',
    async (program, accept) => {
      const answer = await askBytes(`${service.url}/ordered`, { queries: gathered }, accept);
      const bytes = await answer.read();
      const files = await unpack(program, bytes);
      expect([...files.values()].map((text) => JSON.parse(String(text)) as string).toSorted()).toEqual(
        NAMES.map((_, at) => content(at)).toSorted(),
      );
      const folded = [...files.keys()].map((name) => name.normalize('NFKC').toUpperCase().toLowerCase());
      expect(new Set(folded).size).toBe(NAMES.length);
      for (const name of files.keys()) {
        expect(name).not.toMatch(/[\p{Cc}\p{Cf}\\:<>"|?*]/u);
        for (const part of name.split('/')) {
          expect(part).not.toMatch(/^\.{0,2}$|[. ]$|^(con|nul|com1)(\.|$)/i);
          expect(Buffer.byteLength(part)).toBeLessThan(255);
        }
      }
    },
  );

  it.each(['unzip', 'zipfile'] as const)('of bodies that flow, too, by %s', async (program) => {
    const answer = await askBytes(`${service.url}/first-reply`, { queries: streamed }, 'application/zip');
    const files = await unpack(program, await answer.read());
    expect(files.size).toBe(NAMES.length);
    for (const text of files.values()) expect(String(text)).toBe('Grüße from the demo\n');
  });

  it('leave the reserved name to what is missing, which tells the name an entry got', async () => {
    const answer = await askBytes(
      `${service.url}/ordered`,
      {
        queries: [
          { source: 'catalog', op: 'get', params: { path: '/status/404' }, as: '_INCOMPLETE.json', default: 'nothing' },
          { source: 'catalog', op: 'get', params: { path: '/status/503' }, as: '_INCOMPLETE.json' },
        ],
      },
      'application/zip',
    );
    const files = await unpack('zipfile', await answer.read());
    const [name, ...others] = [...files.keys()].filter((one) => one !== '_INCOMPLETE.json');
    expect(others).toEqual([]);
    expect(incomplete(files).errors).toMatchObject([
      { path: '/0', entry: name, cut: false, error: { code: 'NOT_FOUND' } },
      { path: '/1', entry: null, cut: false, error: { code: 'UNAVAILABLE' } },
    ]);
  });
});

describe('the name of an attachment', () => {
  const filename = '../../etc/..\\\u202efdp.CON .\u2066zip. ';
  const safe = '_fdp.CON ._zip';
  const film = { source: 'files', op: 'getObject', params: { key: 'reports/2026-01.csv' } };
  const names = { source: 'shop', op: 'find', params: { collection: 'names', limit: 2 } };

  it.each([
    ['application/zip', film],
    ['application/x-tar', film],
    ['application/gzip', film],
    ['application/octet-stream', film],
    ['text/csv', names],
  ])('is safe, of %s', async (accept, query) => {
    const answer = await askBytes(`${service.url}/ordered`, { filename, queries: [query] }, accept);
    await answer.read();
    expect(answer.headers['content-disposition']).toBe(`attachment; filename="${safe}"`);
  });

  it('is safe, of a presigned address', async () => {
    const params = { key: 'reports/2026-01.csv', filename };
    const answer = await service.kv({ a: { source: 'files', op: 'presignGetObject', params } });
    const { url } = answer.results.a.value as { url: string };
    expect(new URL(url).searchParams.get('response-content-disposition')).toBe(`attachment; filename="${safe}"`);
  });
});
