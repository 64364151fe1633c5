import { STATUS_CODES } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import { asked, type Answer, type Service, startService } from '../service.ts';

const limits = { bodyBytes: 4096, depth: 8, queries: 5, nesting: 2, keyChars: 16, calls: 6, answerBytes: 4096 };
const quote = { source: 'pricing-eu', op: 'get', params: { path: '/none' } };
const stock = { source: 'catalog', op: 'get', params: { path: '/stock/B-101' } };

const stockNamed = (name: string, as?: string) => ({
  source: 'catalog',
  op: 'get',
  params: { path: ['stock', { $result: `/${name}` }] },
  ...(as && { as }),
});
const emptyOf = (bytes: number) => `{"queries":{}${' '.repeat(bytes - 14)}}`;
const listOf = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const bodyWith = (levels: number) =>
  `{"queries":{"a":{"source":"pricing-eu","op":"get","params":{"query":${listOf(levels)}}}}}`;
const stocksOf = (limit: number) => ({
  list: {
    source: 'shop',
    op: 'find',
    params: { collection: 'products', limit, projection: { sku: 1 } },
    hidden: true,
  },
  each: {
    forEach: { $result: '/list/*/sku' },
    source: 'catalog',
    op: 'get',
    params: { path: ['stock', { $item: '' }] },
  },
});
const textOf = (bytes: number) => ({ source: 'catalog', op: 'get', params: { path: '/gzip', query: { bytes } } });
const search = (to: object) => ({ source: 'catalog', op: 'post', params: { path: '/search', body: to } });
const encodedOf = (encoding: string, bytes: number) => ({
  source: 'catalog',
  op: 'get',
  params: { path: '/gzip', query: { encoding, bytes } },
});
const findOrders = (limit?: number) => ({
  source: 'shop',
  op: 'find',
  params: { collection: 'orders', projection: { _id: 1 }, ...(limit && { limit }) },
});
const aggregateOrders = (limit: number) => ({
  source: 'shop',
  op: 'aggregate',
  params: { collection: 'orders', pipeline: [{ $limit: limit }, { $project: { _id: 1 } }] },
});

let service: Service;
beforeAll(async () => {
  service = await startService({ limits });
});
afterAll(() => service.close());

/** What RFC 9110 calls each status. */
const PHRASES: typeof STATUS_CODES = { ...STATUS_CODES, 413: 'Content Too Large', 422: 'Unprocessable Content' };

const problem = (answer: Answer, status: number) => {
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(answer.headers['x-request-id']).toBeTruthy();
  expect(answer.json()).toMatchObject({ status, title: PHRASES[status] });
  return answer.json();
};
const pointers = (answer: Answer): string[] =>
  problem(answer, 400).errors.map(({ pointer }: { pointer: string }) => pointer);

describe('a request that is refused', () => {
  let before: number;
  beforeEach(async () => {
    before = await asked(service.stores);
  });
  // Whatever was wrong, no store has heard of it.
  afterEach(async () => expect(await asked(service.stores)).toBe(before));

  it('names every fault by its pointer, and repeats no value', async () => {
    const answer = await service.post('/kv', {
      tiemout: 1,
      queries: {
        a: { source: 'hunter2', op: 'get' },
        'b/c': { source: 'shop', op: 'hunter2', params: {} },
        'd~': { source: 'catalog', op: 'get', params: { path: '/a?hunter2' }, concurrency: 2 },
        e: {
          source: 'shop',
          op: 'find',
          params: { collection: 'hunter2', filter: { hunter2: { $where: 'hunter2' } } },
        },
      },
    });
    expect(new Set(pointers(answer))).toEqual(
      new Set([
        '#/tiemout',
        '#/queries/a/source',
        '#/queries/b~1c/op',
        '#/queries/d~0/params/path',
        '#/queries/d~0/concurrency',
        '#/queries/e/params/collection',
        '#/queries/e/params/filter/hunter2/$where',
      ]),
    );
    const { errors } = answer.json();
    expect(errors.map(({ detail }: { detail: string }) => detail).join()).not.toContain('hunter2');
  });

  it('names the faults of params beside those that do not fit at all, and each once', async () => {
    const users = { collection: 'users' };
    const queries = {
      a: { source: 'shop', op: 'find', params: { ...users, limit: 'x', zzz: 1, filter: { $where: '1' } } },
      b: { source: 'shop', op: 'find', params: { collection: 5, sort: { name: 2 } } },
      c: { source: 'catalog', op: 'get', params: { path: 5, query: { a: null } } },
      d: { source: 'shop', op: 'find', params: { ...users, collation: { $result: '/e' } } },
      e: { source: 'shop', op: 'find', params: { ...users, filter: { $result: '/d', x: 1 } } },
    };
    const named = pointers(await service.post('/kv', { queries }));
    expect(named.map((pointer) => pointer.replace('/params', '')).toSorted()).toEqual([
      '#/queries/a/filter/$where',
      '#/queries/a/limit',
      '#/queries/a/zzz',
      '#/queries/b/collection',
      '#/queries/b/sort/name',
      '#/queries/c/path',
      '#/queries/c/query/a',
      '#/queries/d/collation',
      '#/queries/e/filter/$result',
    ]);
  });

  it('names at most 100 faults', async () => {
    const big = await startService({ stores: service.stores });
    const queries = Array.from({ length: 150 }, () => ({}));
    expect(pointers(await big.post('/ordered', { queries }))).toHaveLength(100);
    await big.close();
  });

  it.each<[string, string, string[]]>([
    ['a duplicate key', '{"queries":{"a":{"source":"catalog","op":"get","op":"head"}}}', ['#/queries/a/op']],
    [
      'an integer beyond 2^53',
      '{"queries":{"a":{"source":"shop","op":"find","params":{"limit":9007199254740993}}}}',
      ['#/queries/a/params/limit'],
    ],
    [
      'a fraction whose whole part is beyond 2^53',
      '{"queries":{"a":{"source":"shop","op":"find","params":{"filter":{"price":12345678901234567890.5}}}}}',
      ['#/queries/a/params/filter/price'],
    ],
    [
      'a fraction that a double does not hold',
      '{"timeoutMs":100.00000000000000001,"queries":{"a":{"source":"shop","op":"find","params":{"limit":2.00000000000000001}}}}',
      ['#/timeoutMs', '#/queries/a/params/limit'],
    ],
    [
      'a number out of range',
      '{"queries":{"a":{"source":"shop","op":"find","params":{"x":1e400}}}}',
      ['#/queries/a/params/x'],
    ],
    [
      'a number of which nought would be left',
      '{"queries":{"a":{"source":"shop","op":"find","params":{"x":1e-400}}}}',
      ['#/queries/a/params/x'],
    ],
    [
      'a lone surrogate',
      '{"queries":{"a":{"source":"shop","op":"find","params":{"x":"\\ud800"}}}}',
      ['#/queries/a/params/x'],
    ],
    [
      'a reference beside other keys',
      '{"queries":{"a":{"source":"catalog","op":"get","params":{"path":[{"$result":"/b","x":1}]}}}}',
      ['#/queries/a/params/path/0/$result'],
    ],
    [
      'an unknown name',
      '{"queries":{"a":{"source":"catalog","op":"get","params":{"path":["x",{"$result":"/b"}]}}}}',
      ['#/queries/a/params/path/1'],
    ],
    ['an unknown field of a group', '{"queries":{"a":{"pattern":"kv","queries":{},"x":1}}}', ['#/queries/a/x']],
    [
      '$item without forEach',
      '{"queries":{"a":{"source":"catalog","op":"get","params":{"path":[{"$item":""}]}}}}',
      ['#/queries/a/params/path/0'],
    ],
    [
      'stream beside select',
      '{"queries":{"a":{"source":"shop","op":"find","params":{"collection":"users"},"stream":true,"select":"/0"}}}',
      ['#/queries/a/select'],
    ],
    ['take under kv', '{"take":1,"queries":{}}', ['#/take']],
    ['__proto__ at the top', '{"queries":{},"__proto__":1}', ['#/__proto__']],
    ['queries of the wrong kind', '{"queries":[]}', ['#/queries']],
  ])('for %s', async (_what, body, expected) => {
    expect(pointers(await service.post('/kv', body))).toEqual(expected);
  });

  it('for a cycle, and for a name that two bear', async () => {
    expect(
      pointers(await service.post('/kv', { queries: { a: stockNamed('b'), b: stockNamed('a') } })).length,
    ).toBeGreaterThan(0);
    const doubled = { queries: [{ ...stock, as: 'x' }, { ...stock, as: 'x' }, stockNamed('x')] };
    expect(pointers(await service.post('/ordered', doubled))).toEqual(['#/queries/2/params/path/1']);
  });

  it('for a take beyond its queries, and hedgeMs without take', async () => {
    expect(pointers(await service.post('/first-reply', { take: 2, queries: [quote] }))).toEqual(['#/take']);
    expect(pointers(await service.post('/first-reply', { hedgeMs: 5, queries: [quote] }))).toEqual(['#/hedgeMs']);
  });

  it.each([
    '',
    '{',
    '[]',
    'null',
    '"x"',
    '1',
    '{"queries":{}} x',
    '{"queries":{}}\ufeff',
    'NaN',
    '{"queries":{"a":null}}',
    '{"queries":{"a":[]}}',
  ])('for the body %j', async (body) => {
    expect(pointers(await service.post('/kv', body)).length).toBeGreaterThan(0);
  });

  it('for text that is not UTF-8', async () => {
    const head = 'POST /kv HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n';
    const body = Buffer.concat([Buffer.from('{"queries":{"'), Buffer.from([0xff, 0xfe]), Buffer.from('":{}}}')]);
    const socket = connect(service.port, '127.0.0.1');
    socket.write(`${head}Content-Length: ${body.length}\r\n\r\n`);
    socket.write(body);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('for an unknown URL parameter', async () => {
    for (const path of ['/kv?pretty', '/ordered?explain=1&x', '/first-reply?a=b']) {
      problem(await service.post(path, { queries: {} }), 400);
    }
  });

  it('with 415 unless it is JSON, and uncompressed', async () => {
    const types = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json-patch+json',
      'multipart/form-data',
    ];
    for (const type of types) problem(await service.post('/kv', '{}', { 'content-type': type }), 415);
    problem(await service.post('/kv', '{}', { 'content-encoding': 'gzip' }), 415);
  });

  it('with 406 and the list, if no encoding is acceptable', async () => {
    for (const accept of ['image/png', 'application/json;q=0', 'text/*;q=0, application/pdf']) {
      const { detail } = problem(await service.post('/kv', { queries: { stock } }, { accept }), 406);
      expect(detail).toMatch(/application\/json.*application\/x-ndjson.*text\/event-stream/);
    }
  });

  it('with 405 and Allow, with 404 for an unknown path', async () => {
    for (const path of ['/kv', '/ordered', '/first-reply']) {
      const answer = await service.get(path);
      problem(answer, 405);
      expect(answer.headers['allow']).toBe('POST');
      problem(await service.get(path, {}, 'DELETE'), 405);
    }
    problem(await service.post('/nothing', {}), 404);
    problem(await service.get('/kv/'), 404);
  });

  it('with 413 beyond bodyBytes, however it is sent', async () => {
    expect(Buffer.byteLength(emptyOf(4096))).toBe(4096);
    expect((await service.post('/kv', emptyOf(4096))).status).toBe(200);
    problem(await service.post('/kv', emptyOf(4097)), 413);
    const socket = connect(service.port, '127.0.0.1');
    socket.write(
      'POST /kv HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    socket.write(`1001\r\n${emptyOf(4097)}\r\n0\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('beyond depth, and not at it', async () => {
    // The body, its queries, the query and its params are four of the eight.
    const { errors } = problem(await service.post('/kv', bodyWith(5)), 400);
    expect(errors[0].detail).toMatch(/deep|depth|nested/);
    expect(problem(await service.post('/kv', bodyWith(4)), 400).errors[0].detail).not.toMatch(/deep|depth|nested/);
    problem(await service.post('/kv', `{"queries":${'['.repeat(2000)}`), 400);
  });

  it('beyond nesting', async () => {
    const group = (levels: number): object =>
      levels === 0 ? {} : { g: { pattern: 'kv', queries: group(levels - 1) } };
    expect((await service.post('/kv', { queries: { a: { pattern: 'kv', queries: {} } } })).status).toBe(200);
    const deep = await startService({ stores: service.stores, limits: { nesting: 2 } });
    expect((await deep.post('/kv', { queries: group(2) })).status).toBe(200);
    expect(pointers(await deep.post('/kv', { queries: group(3) }))).toEqual(['#/queries/g/queries/g/queries/g']);
    await deep.close();
  });
});

describe('a limit, exactly reached', () => {
  it('of queries is no fault, one beyond is, groups counted', async () => {
    const five = Array.from({ length: 5 }, () => stock);
    expect((await service.post('/ordered', { queries: five })).json().complete).toBe(true);
    const grouped = { g: { pattern: 'ordered', queries: five.slice(1) } };
    expect((await service.post('/kv', { queries: grouped })).json().complete).toBe(true);
    const before = await asked(service.stores);
    pointers(await service.post('/ordered', { queries: [...five, stock] }));
    pointers(await service.post('/kv', { queries: { g: { pattern: 'ordered', queries: five } } }));
    expect(await asked(service.stores)).toBe(before);
  });

  it('of keyChars is no fault for a key and an as, one beyond is', async () => {
    const [fits, long] = ['k'.repeat(16), 'k'.repeat(17)];
    expect((await service.post('/kv', { queries: { [fits]: { ...stock, as: fits } } })).json().complete).toBe(true);
    const before = await asked(service.stores);
    expect(pointers(await service.post('/kv', { queries: { [long]: stock } }))).toEqual([`#/queries/${long}`]);
    expect(pointers(await service.post('/ordered', { queries: [{ ...stock, as: long }] }))).toEqual(['#/queries/0/as']);
    expect(await asked(service.stores)).toBe(before);
  });

  it('of calls runs each item, one beyond fails the forEach whole with none run', async () => {
    const within = await service.kv(stocksOf(5));
    expect(within.results.each).toMatchObject({ status: 'ok' });
    expect(within.results.each.replies).toHaveLength(5);
    const before = await asked(service.stores);
    const beyond = await service.kv(stocksOf(6));
    expect(beyond.results.each).toMatchObject({ status: 'error', error: { code: 'TOO_LARGE' } });
    expect(await asked(service.stores)).toBe(before + 1);
  });

  it('of answerBytes fails what does not fit and cuts nothing', async () => {
    const { complete, results } = await service.kv({ a: textOf(3000), b: textOf(3000) });
    expect(complete).toBe(false);
    const [ok, failed] = Object.values<{ status: string; value: string; error: object }>(results).toSorted((a, b) =>
      b.status.localeCompare(a.status),
    );
    expect(ok?.value).toHaveLength(2998);
    expect(failed).toMatchObject({ status: 'error', error: { code: 'TOO_LARGE', retryable: false } });
    expect(failed).not.toHaveProperty('value');
    expect((await service.kv({ a: textOf(4096) })).results.a.status).toBe('ok');
    expect((await service.kv({ a: textOf(4097) })).results.a).toMatchObject({ error: { code: 'TOO_LARGE' } });
  });

  it('of answerBytes counts the copies that references make', async () => {
    const { results } = await service.kv({
      text: { source: 'catalog', op: 'get', params: { path: '/gzip', query: { bytes: 2000 } } },
      twice: search({ text: { $join: [{ $result: '/text' }, { $result: '/text' }] } }),
    });
    expect(results.text.status).toBe('ok');
    expect(results.twice).toMatchObject({ status: 'error', error: { code: 'TOO_LARGE' } });
  });
});

describe('a cap of a source', () => {
  it('on a listing is a 400 one beyond where it is gathered, and none item by item', async () => {
    const list = (more: object) => ({
      source: 'files',
      op: 'listObjects',
      params: { prefix: 'reports/', limit: 10_001 },
      ...more,
    });
    const { errors } = problem(await service.post('/kv', { queries: { list: list({}) } }), 400);
    expect(errors).toEqual([
      { pointer: '#/queries/list/params/limit', detail: 'at most 10000 is allowed here without stream' },
    ]);
    const queries = { list: list({ stream: true }) };
    const flowing = await service.post('/kv', { queries }, { accept: 'application/x-ndjson' });
    expect(JSON.parse(flowing.text.trimEnd().split('\n').at(-1)!)).toMatchObject({ event: 'end', complete: true });
    expect((await service.post('/kv', { queries })).json()).toMatchObject({ complete: true });
  });

  let capped: Service;
  beforeAll(async () => {
    capped = await startService({
      stores: service.stores,
      sources: { catalog: { maxBytes: 1024 }, shop: { maxDocuments: 12, maxBytes: 16_384 } },
    });
  });
  afterAll(() => capped.close());

  it('on bytes, decoded, is TOO_LARGE one beyond', async () => {
    for (const encoding of ['gzip', 'br', 'deflate']) {
      const { results } = await capped.kv({
        fits: encodedOf(encoding, 1024),
        beyond: encodedOf(encoding, 1025),
        bomb: encodedOf(encoding, 1_000_000_000),
      });
      expect(results.fits.value).toHaveLength(1022);
      expect(results.beyond).toMatchObject({ status: 'error', error: { code: 'TOO_LARGE', source: 'catalog' } });
      expect(results.bomb).toMatchObject({ status: 'error', error: { code: 'TOO_LARGE' } });
    }
  });

  it('on documents is TOO_LARGE one beyond, for find and aggregate', async () => {
    const { results } = await capped.kv({
      fits: findOrders(12),
      beyond: findOrders(13),
      all: findOrders(),
      twelve: aggregateOrders(12),
      thirteen: aggregateOrders(13),
    });
    expect(results.fits.value).toHaveLength(12);
    expect(results.twelve.value).toHaveLength(12);
    for (const name of ['beyond', 'all', 'thirteen'])
      expect(results[name]).toMatchObject({ error: { code: 'TOO_LARGE', source: 'shop' } });
  });
});
