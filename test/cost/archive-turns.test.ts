import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { unpack, UNPACKED } from '../encodings/unpack.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { type Service, startService } from '../service.ts';
import { askBytes, incomplete } from '../endpoints/bytes.ts';

let stores: Stores;
let store: ScriptedStore;
let service: Service;
beforeAll(async () => {
  stores = await startStores();
  store = await startScripted((path, response) => {
    const [, what, ms] = path.split('/');
    if (what === 'never') return;
    if (what === 'open') response.setHeader('content-type', 'text/plain').write('still ');
    void setTimeout(Number(ms ?? 0)).then(() =>
      what === 'list'
        ? response.setHeader('content-type', 'application/json').end('[1,2,3,4,5,6]')
        : (response.headersSent ? response : response.setHeader('content-type', 'text/plain')).end(what),
    );
  });
  const scripted = { adapter: 'rest', url: store.url };
  service = await startService({ stores, sources: { scripted, other: scripted } });
});
afterAll(async () => {
  await service.close();
  await stores.close();
  await store.close();
});

const rest = (path: unknown, more: object = {}) => ({ source: 'scripted', op: 'get', params: { path }, ...more });
const race = (...queries: object[]) => ({ pattern: 'first-reply', take: 1, queries });

/** The files of a zip in the order in which they stand in it. */
async function zip(path: string, body: object): Promise<ReadonlyMap<string, Buffer>> {
  const answer = await askBytes(service.url + path, body, 'application/zip');
  expect(answer.status).toBe(200);
  const bytes = await answer.read();
  const text = bytes.toString('latin1');
  const files = await unpack('unzip', bytes);
  return new Map([...files].toSorted(([a], [b]) => text.indexOf(a) - text.indexOf(b)));
}

describe('whose turn it is in an archive', () => {
  it.each([
    ['one of a race', '/kv', { queries: { a: race(rest('/never'), rest('/never'), rest('/text')) } }, ['a.txt']],
    ['a race of all', '/first-reply', { take: 1, queries: [rest('/never'), rest('/text')] }, ['1.txt']],
    ['two of many', '/first-reply', { take: 2, queries: [rest('/never'), rest('/a'), rest('/b')] }, ['1.txt', '2.txt']],
    [
      'races in a race',
      '/kv',
      { queries: { a: race(race(rest('/never')), race(rest('/never')), race(rest('/never'), rest('/text'))) } },
      ['a.txt'],
    ],
    [
      'races in a take',
      '/first-reply',
      {
        take: 2,
        queries: [...Array.from({ length: 4 }, () => race(rest('/never'))), race(rest('/a')), race(rest('/b'))],
      },
      ['4.txt', '5.txt'],
    ],
    [
      'a race of each item',
      '/kv',
      {
        queries: {
          l: rest('/list', { hidden: true }),
          a: { forEach: { $result: '/l' }, ...race(rest('/never'), rest('/text')) },
        },
      },
      [0, 1, 2, 3, 4, 5].map((n) => `a/${n}.txt`),
    ],
  ])('asks all of %s at once: a store that never answers holds up nobody', async (_name, path, body, names) => {
    expect([...(await zip(path, { ...body, timeoutMs: 1500 })).keys()].toSorted()).toEqual(names);
  });

  it.each(UNPACKED)(
    'asks for what a take still needs, though the race that came first is won: %s %s',
    async (tool, accept) => {
      const won = { source: 'scripted', op: 'head', params: { path: '/won/20' } };
      const queries = [
        rest('/open/150'),
        rest('/open/150'),
        { pattern: 'first-reply', take: 2, queries: [race(rest('/late'), won), race(rest('/needed'))] },
      ];
      const answer = await askBytes(`${service.url}/ordered`, { queries }, accept);
      const files = await unpack(tool, await answer.read());
      expect(Object.fromEntries([...files].map(([name, content]) => [name, String(content)]))).toEqual({
        '0.txt': 'still open',
        '1.txt': 'still open',
        '2/0.json': 'null',
        '2/1.txt': 'needed',
      });
    },
  );

  it('gives a race that is to be read next what it needs, though later bodies are open', async () => {
    const late = rest([{ $result: '/l/0' }]);
    const queries = {
      l: rest('/list/50', { hidden: true }),
      first: rest('/a'),
      raced: race(late),
      b: rest('/b'),
      c: rest('/c'),
    };
    expect([...(await zip('/kv', { queries })).keys()]).toEqual(['first.txt', 'raced.txt', 'b.txt', 'c.txt']);
  });

  it.each([
    ['that is hidden', rest('/text/30', { hidden: true })],
    ['that has no body', { source: 'scripted', op: 'head', params: { path: '/text/30' } }],
    ['of which a group is made', { pattern: 'kv', queries: { x: rest('/text/30') } }],
  ])('an item whose race may yet ask one %s keeps no place from the item before it', async (_what, later) => {
    const raced = { ...race(rest('/a/20'), later), hedgeMs: 5 };
    const queries = { raced, b: rest('/b/20'), c: rest('/c/5') };
    const item = { pattern: 'kv', forEach: [1, 2, 3], concurrency: 1, queries };
    const files = await zip('/ordered', { queries: [item], timeoutMs: 1000 });
    const named = [...files.keys()].filter((name) => !name.includes('raced'));
    expect(named).toEqual([0, 1, 2].flatMap((n) => [`0/${n}/b.txt`, `0/${n}/c.txt`]));
  });

  it('gives a winner that is a group or a forEach whole', async () => {
    const each = { forEach: { $result: '/l' }, ...rest('/text') };
    const group = { pattern: 'kv', queries: { x: rest('/text'), y: rest('/text') } };
    const queries = { l: rest('/list', { hidden: true }), a: race(group), b: race(each), c: race(race(rest('/text'))) };
    const files = await zip('/kv', { queries });
    expect([...files].map(([name, content]) => [name, String(content)])).toEqual([
      ['a.json', '{"x":"text","y":"text"}'],
      ['b.json', JSON.stringify(Array.from({ length: 6 }, () => 'text'))],
      ['c.txt', 'text'],
    ]);
  });

  it('takes what arrives first under first-reply, though the one asked first is slow', async () => {
    const files = await zip('/first-reply', { queries: [rest('/slow/300'), rest('/a'), rest('/b')] });
    expect([...files.keys()]).toEqual(['1.txt', '2.txt', '0.txt']);
  });

  it.each([
    ['/kv', 'bodies', rest([{ $item: '' }])],
    ['/ordered', 'bodies', rest([{ $item: '' }])],
    ['/ordered', 'groups', { pattern: 'kv', queries: { x: rest([{ $item: '' }]) } }],
  ])('%s: gives an item of a forEach of %s that begins late a place before those after it', async (path, _, one) => {
    const late = rest('/late/200', { as: 'late', select: '', hidden: true });
    const each = { forEach: [{ $result: '/late' }, 'a', 'b', 'c', 'd'], concurrency: 1, ...one };
    const queries = path === '/kv' ? { late: { ...late, as: undefined }, each } : [late, each];
    const files = await zip(path, { queries });
    expect([...files.values()].map(String)).toEqual(['late', 'a', 'b', 'c', 'd']);
  });

  it.each(['/kv', '/ordered', '/first-reply'])(
    '%s: gives what other sources have, though the first never answers',
    async (path) => {
      const list = [
        rest('/never'),
        { ...rest('/text'), source: 'other' },
        { source: 'photos', op: 'getObject', params: { key: 'B-101.jpg' } },
      ];
      const files = await zip(path, {
        timeoutMs: 300,
        queries: path === '/kv' ? Object.fromEntries(list.entries()) : list,
      });
      expect([...files.keys()].toSorted()).toEqual(['1.txt', '2.jpg', '_INCOMPLETE.json']);
      expect(incomplete(files).errors).toMatchObject([{ path: '/0', entry: null, error: { code: 'TIMEOUT' } }]);
    },
  );
});
