import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADA } from '../../demo/data.ts';
import { type Body, type Service, startService } from '../service.ts';

const ada = { source: 'shop', op: 'findOne', params: { collection: 'users', filter: { _id: { $oid: ADA } } } };
const product = { source: 'catalog', op: 'get', params: { path: '/products/B-101' } };
const cover = { source: 'photos', op: 'getObject', params: { key: 'welcome.txt' } };
const s3 = (op: string, params: object) => ({ source: 'photos', op, params });
const missing = { source: 'catalog', op: 'get', params: { path: '/products/none' } };
const each = { ada, product, cover };

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

describe('the envelope', () => {
  it('of /kv is an object of replies by key, from every adapter', async () => {
    const answer = await service.post('/kv', { queries: each });
    expect(answer.status).toBe(200);
    const { complete, results, ...rest } = answer.json();
    expect(complete).toBe(true);
    expect(rest).toEqual({});
    expect(Object.keys(results)).toEqual(Object.keys(each));
    for (const reply of Object.values(results)) expect(reply).toMatchObject({ status: 'ok', ms: expect.any(Number) });
    expect(results.ada.value).toMatchObject({ _id: ADA, name: 'Ada Lovelace', cardNumber: '9007199254740993' });
    expect(results.ada).not.toHaveProperty('meta');
    expect(results.product).toMatchObject({
      value: { sku: 'B-101' },
      meta: {
        status: 200,
        contentType: 'application/json',
        etag: expect.any(String),
        lastModified: '2026-03-01T09:30:00.000Z',
      },
    });
    expect(results.cover).toMatchObject({ value: 'Welcome to the shop. Grüße!\n', meta: { size: 30 } });
  });

  it('of /ordered is a list in the order asked, each with its index and its name', async () => {
    const queries = [{ ...product, as: 'first' }, { ...ada }, { ...missing, as: 'gone' }];
    const answer = await service.post('/ordered', { queries });
    expect(answer.json()).toMatchObject({
      complete: false,
      results: [
        { index: 0, as: 'first', status: 'ok', value: { sku: 'B-101' } },
        { index: 1, status: 'ok', value: { _id: ADA } },
        {
          index: 2,
          as: 'gone',
          status: 'error',
          error: { code: 'NOT_FOUND', message: expect.any(String), retryable: false, source: 'catalog', status: 404 },
        },
      ],
    });
    expect(answer.json().results[1]).not.toHaveProperty('as');
    expect(answer.headers['codap-complete']).toBe('false');
  });

  it('of /first-reply is a list in order of arrival', async () => {
    const slow = { source: 'catalog', op: 'get', params: { path: '/slow', query: { ms: 120 } } };
    const { results } = (await service.post('/first-reply', { queries: [slow, ada] })).json();
    expect(results.map(({ index }: { index: number }) => index)).toEqual([1, 0]);
  });

  it('of /first-reply with take ends at the last success and counts the rest', async () => {
    const slow = { source: 'catalog', op: 'get', params: { path: '/slow', query: { ms: 5000 } } };
    const answer = await service.post('/first-reply', { take: 1, queries: [slow, ada, slow] });
    expect(answer.json()).toMatchObject({ complete: true, results: [{ index: 1, status: 'ok' }], cancelled: 2 });
    expect(answer.json().results).toHaveLength(1);
  });

  it('of nested groups and a forEach has replies of its own', async () => {
    const { results } = await service.kv({
      list: { pattern: 'ordered', queries: [ada, missing] },
      each: { forEach: { $result: '/skus' }, source: 'catalog', op: 'get', params: { path: ['stock', { $item: '' }] } },
      skus: {
        source: 'shop',
        op: 'distinct',
        params: { collection: 'products', key: 'sku', filter: { category: 'poetry' } },
      },
    });
    expect(results.list).toMatchObject({
      status: 'partial',
      replies: [
        { index: 0, status: 'ok' },
        { index: 1, status: 'error' },
      ],
    });
    expect(results.each).toMatchObject({
      status: 'ok',
      replies: [{ value: { sku: 'B-105' } }, { value: { sku: 'B-108' } }],
    });
    expect(results.skus.value).toEqual(['B-105', 'B-108']);
  });

  it('with shape "values" is the values alone', async () => {
    const answer = await service.post('/kv', { shape: 'values', queries: { product, missing } });
    expect(answer.headers['codap-complete']).toBe('false');
    expect(answer.json()).toEqual({ product: expect.objectContaining({ sku: 'B-101' }), missing: null });
  });

  it('is empty and complete for no queries', async () => {
    expect((await service.post('/kv', { queries: {} })).json()).toEqual({ complete: true, results: {} });
    expect((await service.post('/ordered', { queries: [] })).json()).toEqual({ complete: true, results: [] });
    expect((await service.post('/first-reply', { queries: [] })).json()).toEqual({ complete: true, results: [] });
  });
});

describe('of S3,', () => {
  it('every op has its value, keys relative to the prefix', async () => {
    const { results } = await service.kv({
      text: s3('getObject', { key: 'welcome.txt' }),
      json: s3('getObject', { key: 'index.json' }),
      base64: s3('getObject', { key: 'welcome.txt', format: 'base64', range: 'bytes=0-6' }),
      head: s3('headObject', { key: 'covers/B-101.svg' }),
      list: s3('listObjects', { prefix: 'covers/', limit: 2 }),
      prefixes: s3('listObjects', { delimiter: '/' }),
      link: s3('presignGetObject', { key: 'welcome.txt', filename: 'hello.txt' }),
      none: s3('getObject', { key: 'none.txt' }),
      hidden: s3('getObject', { key: 'payroll.txt' }),
    });
    expect(results.text).toMatchObject({
      value: 'Welcome to the shop. Grüße!\n',
      meta: { encoding: 'text', size: 30 },
    });
    expect(results.json).toMatchObject({ meta: { encoding: 'json' }, value: { skus: expect.any(Array) } });
    expect(results.base64.value).toBe(Buffer.from('Welcome').toString('base64'));
    expect(results.head.value).toMatchObject({
      size: expect.any(Number),
      contentType: 'image/svg+xml',
      etag: expect.any(String),
    });
    expect(results.list.value.objects.map(({ key }: Body) => key)).toEqual(['covers/B-101.svg', 'covers/B-102.svg']);
    expect(results.list.value.nextToken).toEqual(expect.any(String));
    expect(results.prefixes.value.prefixes).toEqual(['covers/', 'thumbs/']);
    expect(Date.parse(results.link.value.expiresAt)).toBeGreaterThan(Date.now());
    const linked = await fetch(results.link.value.url);
    expect(await linked.text()).toBe(results.text.value);
    expect(linked.headers.get('content-disposition')).toMatch(/^attachment; filename="?hello\.txt/);
    for (const name of ['none', 'hidden']) {
      expect(results[name]).toMatchObject({ status: 'error', error: { code: 'NOT_FOUND', source: 'photos' } });
    }
  });

  it('a JSON object is spliced as it is stored', async () => {
    const answer = await service.post('/kv', { queries: { a: s3('getObject', { key: 'index.json' }) } });
    expect(answer.text).toContain('"serial":9007199254740993}');
  });
});

describe('the headers', () => {
  it('tell completeness and each source’s time, by its name and never by a key', async () => {
    const answer = await service.post('/kv', { queries: { 'secret-key': ada, other: product } });
    expect(answer.headers['codap-complete']).toBe('true');
    expect(answer.headers['server-timing']).toMatch(/shop;dur=[\d.]+/);
    const names = answer.headers['server-timing']?.split(', ').map((entry) => entry.split(';')[0]);
    expect(names?.toSorted()).toEqual(['catalog', 'shop', 'total']);
  });

  it('forbid storing, whatever the answer', async () => {
    const answers = await Promise.all([
      service.post('/kv', { queries: { ada } }),
      service.post('/kv', 'nonsense'),
      service.post('/kv', { queries: { ada } }, { accept: 'application/x-ndjson' }),
      service.post('/kv', { queries: { missing }, onError: 'fail' }),
      service.post('/kv', '{}', { 'content-type': 'text/plain' }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 200, 404, 415]);
    for (const { headers } of answers) expect(headers['cache-control']).toBe('no-store');
  });

  it('carry the request’s X-Request-Id, or one that was made', async () => {
    expect((await service.post('/kv', { queries: {} }, { 'x-request-id': 'mine-1' })).headers['x-request-id']).toBe(
      'mine-1',
    );
    const made = await Promise.all([
      service.post('/kv', { queries: {} }),
      service.post('/kv', { queries: {} }, { 'x-request-id': 'a b' }),
    ]);
    const ids = made.map(({ headers }) => headers['x-request-id']);
    for (const id of ids) expect(id).toMatch(/^[\x21-\x7e]{1,128}$/);
    expect(new Set(ids).size).toBe(2);
  });
});

describe('a batch that fails', () => {
  it('answers the status of the failure that decided it, with all failures known by then', async () => {
    const answer = await service.post('/kv', { onError: 'fail', queries: { missing } });
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.headers['codap-complete']).toBe('false');
    expect(answer.json()).toMatchObject({
      status: 404,
      code: 'NOT_FOUND',
      source: 'catalog',
      path: '/missing',
      failures: [{ path: '/missing', code: 'NOT_FOUND', status: 404 }],
    });
  });

  it('does so for a required query of the top and a take out of reach', async () => {
    const required = await service.post('/kv', { queries: { ada, deep: { ...missing, required: true } } });
    expect(required.json()).toMatchObject({ status: 404, path: '/deep' });
    const taken = await service.post('/first-reply', { take: 2, queries: [ada, missing] });
    expect(taken.json()).toMatchObject({ status: 404, path: '/1' });
  });

  it.each([
    ['/status/500', 502, 'UNAVAILABLE'],
    ['/status/429', 503, 'OVERLOADED'],
    ['/status/410', 404, 'NOT_FOUND'],
    ['/status/403', 502, 'FORBIDDEN'],
    ['/status/418', 422, 'INVALID'],
    ['/redirect', 502, 'BAD_RESPONSE'],
    ['/json/bad', 502, 'BAD_RESPONSE'],
  ])('for %s answers %i, %s', async (path, status, code) => {
    const query = { source: 'catalog', op: 'get', params: { path } };
    const answer = await service.post('/kv', { onError: 'fail', queries: { query } });
    expect(answer.json()).toMatchObject({ status, code, source: 'catalog' });
    expect(answer.status).toBe(status);
  });

  it('passes a store’s Retry-After on', async () => {
    const query = { source: 'catalog', op: 'get', params: { path: '/status/429', query: { retryAfter: 2 } } };
    const answer = await service.post('/kv', { onError: 'fail', queries: { query } });
    expect(answer.headers['retry-after']).toBe('2');
    expect(answer.json().failures[0]).toMatchObject({ retryAfterMs: 2000 });
  });

  const busy = {
    source: 'catalog',
    op: 'get',
    params: { path: '/status/429', query: { retryAfter: 2 } },
    hidden: true,
  };
  const list = { source: 'catalog', op: 'get', params: { path: '/products' } };
  const from = (name: string) => ({ path: ['products', { $result: `/${name}` }] });
  const needed = { ...list, required: true };
  it.each<[string, object, string?]>([
    ['in its params', { busy, a: { ...needed, params: from('busy') } }],
    ['in select', { busy, a: { ...needed, select: { all: { $result: '/busy' } } } }],
    ['in when', { busy, a: { ...needed, when: { $result: '/busy' } } }],
    ['as its list', { busy, a: { ...needed, forEach: { $result: '/busy' } } }],
    ['in a group', { g: { pattern: 'kv', queries: { busy } }, a: { ...needed, unless: { $result: '/g/busy' } } }],
    ['by another', { busy, b: { ...list, params: from('busy') }, a: { ...needed, params: from('b') } }],
    ['as the one table', { busy, a: { ...list, params: from('busy') } }, 'text/csv'],
    ['as the one body', { busy, a: { ...list, params: from('busy') } }, 'application/octet-stream'],
  ])('passes it on where what refers to that decides: %s', async (_how, queries, accept = 'application/json') => {
    const answer = await service.post('/kv', { queries }, { accept });
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '2']);
    expect(answer.json()).toMatchObject({ code: 'DEPENDENCY_FAILED', path: '/a' });
  });

  it('tells it with the reply of what refers to that', async () => {
    const { results } = await service.kv({ busy, a: { ...list, params: from('busy') } });
    expect(results.a.error).toMatchObject({ code: 'DEPENDENCY_FAILED', retryable: true, retryAfterMs: 2000 });
  });
});
