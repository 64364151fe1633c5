import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unpack } from '../encodings/unpack.ts';
import { type Service, startService } from '../service.ts';
import { askBytes } from './bytes.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

const march = { source: 'files', op: 'getObject', params: { key: 'reports/2026-03.csv' } };
const find = (params: object) => ({ source: 'shop', op: 'find', params: { collection: 'products', ...params } });

describe('$meta of a store’s answer', () => {
  it('makes the next query conditional, and is told beside a value', async () => {
    const book = { source: 'catalog', op: 'get', params: { path: ['products', 'B-101'] } };
    const { results } = await service.kv({
      march,
      book,
      unchanged: { ...book, params: { ...book.params, headers: { 'if-none-match': { $meta: '/book/etag' } } } },
      size: { ...book, select: { bytes: { $meta: '/march/size' }, type: { $meta: '/march/contentType' } } },
    });
    expect(results.unchanged).toMatchObject({ status: 'ok', value: null, meta: { status: 304 } });
    expect(results.size.value).toEqual({ bytes: results.march.meta.size, type: results.march.meta.contentType });
  });

  it('of a Mongo query there is none', async () => {
    const { results } = await service.kv({
      found: find({ limit: 1 }),
      read: { ...march, when: { $meta: '/found/etag' } },
      skipped: find({ filter: { sku: { $meta: '/found/etag' } } }),
    });
    expect(results.read).toEqual({ status: 'skipped' });
    expect(results.skipped).toMatchObject({ status: 'skipped', error: { code: 'DEPENDENCY_FAILED' } });
  });

  it('is data where Mongo takes data, and a 400 elsewhere', async () => {
    const { results } = await service.kv({ march, a: find({ filter: { sku: { $meta: '/march/etag' } } }) });
    expect(results.a).toMatchObject({ status: 'ok', value: [] });
    const queries = { march, a: find({ sort: { sku: { $meta: '/march/size' } } }) };
    const { errors } = (await service.post('/kv', { queries })).json();
    expect(errors).toEqual([{ pointer: '#/queries/a/params/sort/sku', detail: 'a reference may not stand here' }]);
  });

  it.each(['application/x-ndjson', 'application/zip', 'application/x-tar'])(
    'is there under %s, though bodies would flow',
    async (accept) => {
      const queries = {
        march,
        told: { source: 'catalog', op: 'get', params: { path: ['echo', { $meta: '/march/size' }] }, select: '/path' },
      };
      const answer = await askBytes(`${service.url}/kv`, { queries }, accept);
      const bytes = await answer.read();
      const text =
        accept === 'application/x-ndjson'
          ? String(bytes)
          : String((await unpack(accept === 'application/zip' ? 'unzip' : 'tar', bytes)).get('told.json'));
      expect(text).toMatch(/"\/echo\/\d+"/);
    },
  );
});

describe('$meta of MongoDB’s own', () => {
  const score = { score: { $meta: 'textScore' } };

  it.each([
    ['sort', find({ sort: { ...score, sku: 1 } })],
    ['projection', find({ projection: { sku: 1, ...score } })],
    [
      'pipeline',
      {
        source: 'shop',
        op: 'aggregate',
        params: {
          collection: 'products',
          pipeline: [{ $addFields: score }, { $sort: score }, { $project: { sku: 1, ...score } }],
        },
      },
    ],
  ])('stays what it is in a %s', async (_where, query) => {
    const answer = await service.post('/kv', { queries: { query } });
    expect(answer.status, answer.text).toBe(200);
  });

  it.each([
    [find({ filter: score }), 'filter/score/$meta', /JSON Pointer/],
    [
      find({ sort: { score: { $meta: 'nonsense' } } }),
      'sort/score/$meta',
      /^allowed here: textScore, .*, scoreDetails$/,
    ],
    [find({ projection: { score: { $meta: 5 } } }), 'projection/score/$meta', /JSON Pointer/],
    [
      { source: 'catalog', op: 'get', params: { path: '/', query: { q: { $meta: 'textScore' } } } },
      'query/q/$meta',
      /JSON Pointer/,
    ],
  ])('is a 400 where the store has no such word: %j', async (query, pointer, detail) => {
    const answer = await service.post('/kv', { queries: { query } });
    expect(answer.json().errors).toEqual([
      { pointer: `#/queries/query/params/${pointer}`, detail: expect.stringMatching(detail) },
    ]);
  });
});
