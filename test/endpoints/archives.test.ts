import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { synthetic } from '../../demo/synthetic.ts';
import { unpack, UNPACKED } from '../encodings/unpack.ts';
import { type Service, startService } from '../service.ts';
import { askBytes, incomplete } from './bytes.ts';

const MEGABYTES = 3_000_000;
const film = Buffer.concat([...synthetic(0, MEGABYTES)]);

let stores: Stores;
let service: Service;
beforeAll(async () => {
  stores = await startStores();
  await stores.putSynthetic('files', 'film.bin', MEGABYTES);
  await stores.putObject('files', 'empty.txt', '', { contentType: 'text/plain' });
  service = await startService({ stores, limits: { streamIdleMs: 400 } });
});
afterAll(async () => {
  await service.close();
  await stores.close();
});
afterEach(() => stores.clearFaults());

const file = (key: string, more: object = {}) => ({ source: 'files', op: 'getObject', params: { key }, ...more });
const text = { source: 'catalog', op: 'get', params: { path: '/text' }, as: 'text.txt' };

const ask = (path: string, body: object, accept = 'application/zip') => askBytes(service.url + path, body, accept);

describe('an archive', () => {
  const queries = [
    file('film.bin', { as: 'films/film.bin' }),
    file('reports/2026-01.csv'),
    file('empty.txt', { as: 'empty.txt' }),
    text,
  ];
  it.each(UNPACKED)('of S3 keys and files of a web service is unpacked by %s (%s)', async (program, accept) => {
    const answer = await ask('/first-reply', { queries, filename: 'Bücher.bin' }, accept);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe(accept);
    expect(answer.headers['content-disposition']).toMatch(/^attachment; .*filename\*=UTF-8''B%C3%BCcher\.bin/);
    const bytes = await answer.read();
    const files = await unpack(program, bytes);
    expect([...files.keys()].toSorted()).toEqual(['1.csv', 'empty.txt', 'films/film.bin', 'text.txt']);
    expect(files.get('films/film.bin')?.equals(film)).toBe(true);
    expect(String(files.get('1.csv'))).toContain('month,sku,sold');
  });

  it('may come of a collection: listed, each file fetched, one zip, in one request', async () => {
    const answer = await ask('/kv', {
      queries: {
        list: { source: 'files', op: 'listObjects', params: { prefix: 'reports/' }, hidden: true },
        files: {
          forEach: { $result: '/list/objects' },
          ...file('', { as: { $item: '/key' } }),
          params: { key: { $item: '/key' } },
        },
      },
    });
    expect((await unpack('unzip', await answer.read())).size).toBe(6);
  });

  it('lists what failed, and tells so in its comment', async () => {
    const bytes = await (await ask('/ordered', { queries: [file('not-there.bin'), text] })).read();
    expect(bytes.subarray(-60).toString('latin1')).toContain('Incomplete');
    const files = await unpack('zipfile', bytes);
    expect(incomplete(files)).toMatchObject({
      complete: false,
      errors: [{ path: '/0', entry: null, cut: false, error: { code: 'NOT_FOUND' } }],
    });
  });

  it('is problem+json where all failed, and empty where there was nothing to do', async () => {
    const failed = await ask('/ordered', { queries: [file('not-there.bin')] });
    expect([failed.status, failed.headers['content-type']]).toEqual([404, 'application/problem+json; charset=utf-8']);
    await failed.read();
    const nothing = await ask('/ordered', { queries: [] }, 'application/x-tar');
    expect((await unpack('tar', await nothing.read())).size).toBe(0);
  });
});

describe('a body that breaks', () => {
  const cut = (times: number) =>
    stores.addFault({ store: 's3', match: 'GetObject film.bin', times, fault: { kind: 'cut', afterBytes: 500_000 } });

  it('is resumed where it broke', async () => {
    await cut(2);
    const files = await unpack('zipfile', await (await ask('/ordered', { queries: [file('film.bin'), text] })).read());
    expect(files.get('0.bin')?.equals(film)).toBe(true);
    expect(files.has('_INCOMPLETE.json')).toBe(false);
  });

  it.each(['application/zip', 'application/x-tar'])('too often is cut, and told, under %s', async (accept) => {
    await cut(20);
    const answer = await ask('/ordered', { queries: [file('film.bin'), text] }, accept);
    const files = await unpack(accept === 'application/zip' ? 'zipfile' : 'tar', await answer.read());
    const got = files.get('0.bin') as Buffer;
    const whole = accept === 'application/zip' ? got.length : film.findIndex((byte, at) => byte !== got[at]);
    expect(whole).toBeLessThan(MEGABYTES);
    expect(got.subarray(0, whole).equals(film.subarray(0, whole))).toBe(true);
    if (accept === 'application/x-tar') expect(got).toHaveLength(MEGABYTES);
    expect(files.has('text.txt')).toBe(true);
    expect(incomplete(files).errors).toMatchObject([{ path: '/0', entry: '0.bin', cut: true }]);
  });

  it.each([{ onError: 'fail' }, { required: true }])(
    'never passes as whole where it fails the batch: %o',
    async (how) => {
      await cut(20);
      const { onError, required } = how as { onError?: string; required?: boolean };
      const answer = await ask('/ordered', {
        ...(onError && { onError }),
        queries: [file('film.bin', { ...(required && { required }) }), text],
      });
      expect(answer.status).toBe(200);
      expect(await answer.ends()).toBe('cut');
    },
  );

  it('is cut once a required query has failed, also while others wait until they may be read', async () => {
    await stores.addFault({ store: 'rest', match: 'GET /products', fault: { kind: 'drip', bytesPerSecond: 50 } });
    await stores.addFault({ store: 'rest', match: 'GET /stock/none', fault: { kind: 'delay', ms: 300 } });
    const get = (path: string, more: object) => ({ source: 'catalog', op: 'get', params: { path }, ...more });
    const bodies = ['a', 'b', 'c'].map((as) => get('/products', { as }));
    const answer = await ask('/ordered', {
      queries: [...bodies, get('/stock/none', { required: true, select: { n: '/count' } })],
    });
    expect(answer.status).toBe(200);
    expect(await answer.ends()).toBe('cut');
  });

  it('stalled before its first byte by the deadline is a TIMEOUT', async () => {
    await stores.addFault({ store: 's3', match: 'GetObject film.bin', fault: { kind: 'stall' } });
    const answer = await ask('/ordered', { timeoutMs: 200, queries: [file('film.bin')] });
    expect(answer.status).toBe(504);
    expect(JSON.parse(String(await answer.read()))).toMatchObject({ code: 'TIMEOUT' });
  });
});
