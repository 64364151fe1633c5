import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADA } from '../../demo/data.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { encodings } from '../../src/encodings/index.ts';
import { readMetrics, valueIn } from '../observe/open-metrics.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { type Body, type Service, startService, until } from '../service.ts';

let stores: Stores;
let echo: ScriptedStore;
let service: Service;
const seen: string[] = [];
/** What the echo says of itself beside what it was asked; tests change it. */
let version = 1;

const get = (path: readonly unknown[], more: object = {}) => ({ source: 'echo', op: 'get', params: { path }, ...more });
const P = { $param: '/id' };

const cover = { source: 'photos', op: 'getObject', params: { key: 'covers/B-101.svg' } };
const batches = {
  profile: {
    pattern: 'kv',
    description: 'A user and the latest orders.',
    params: { id: { type: 'string', pattern: '^[0-9a-f]{24}$' }, limit: { type: 'integer', minimum: 1, default: 2 } },
    maxAgeSeconds: 5,
    queries: {
      user: {
        source: 'shop',
        op: 'findOne',
        params: { collection: 'users', filter: { _id: { $oid: P } } },
        select: { name: '/name', asked: P },
      },
      orders: {
        source: 'shop',
        op: 'find',
        params: {
          collection: 'orders',
          filter: { userId: { $oid: P } },
          projection: { _id: 0, number: 1 },
          sort: { at: -1 },
          limit: { $param: '/limit' },
        },
      },
    },
  },
  among: {
    pattern: 'kv',
    params: { skus: { type: ['string'], maxItems: 3 } },
    queries: {
      found: {
        source: 'shop',
        op: 'find',
        params: {
          collection: 'products',
          filter: { sku: { $in: { $param: '/skus' } } },
          projection: { _id: 0, sku: 1 },
          sort: { sku: 1 },
        },
      },
    },
  },
  each: {
    pattern: 'ordered',
    params: { ids: { type: ['string'], required: false } },
    queries: [
      {
        ...get([{ $item: '' }], { forEach: { $param: '/ids' } }),
        as: { $join: ['of-', { $item: '' }] },
        select: '/path',
      },
    ],
  },
  optional: {
    pattern: 'kv',
    params: { id: { type: 'string', required: false } },
    queries: {
      needs: get([P]),
      when: get(['when'], { when: P }),
      unless: get(['unless'], { unless: P }),
      select: get(['select'], { select: { id: P } }),
      each: get([{ $item: '' }], { forEach: P }),
      saved: get([P], { default: 'none' }),
    },
  },
  covers: {
    pattern: 'ordered',
    params: { sku: { type: 'string' } },
    filename: 'covers.zip',
    queries: [
      { source: 'photos', op: 'getObject', params: { key: { $join: ['covers/', { $param: '/sku' }, '.svg'] } } },
    ],
  },
  part: {
    pattern: 'kv',
    queries: { a: { source: 'photos', op: 'getObject', params: { key: 'covers/B-101.svg', range: 'bytes=0-9' } } },
  },
  endless: { pattern: 'kv', queries: { a: get(['endless']) } },
  tagged: { pattern: 'kv', queries: { a: get(['tagged']) } },
  named: {
    pattern: 'kv',
    queries: {
      which: get(['B-101'], { hidden: true, select: '/path' }),
      a: { ...cover, params: { key: { $join: ['covers', { $result: '/which' }, '.svg'] } } },
    },
  },
  noted: {
    pattern: 'kv',
    queries: { which: get(['a'], { hidden: true }), a: { ...cover, when: { $result: '/which' } } },
  },
  raced: { pattern: 'first-reply', take: 1, queries: [cover, cover] },
  within: { pattern: 'kv', queries: { a: { pattern: 'first-reply', take: 1, queries: [cover, cover] } } },
  table: {
    pattern: 'kv',
    params: { category: { type: 'string' } },
    maxAgeSeconds: 60,
    queries: {
      books: {
        source: 'shop',
        op: 'find',
        params: {
          collection: 'products',
          filter: { category: { $param: '/category' } },
          projection: { _id: 0, sku: 1 },
          sort: { sku: 1 },
        },
      },
    },
  },
  fails: { pattern: 'kv', maxAgeSeconds: 60, queries: { a: { ...get(['gone']), required: true } } },
  partly: { pattern: 'kv', maxAgeSeconds: 60, queries: { a: get(['a']), b: get(['gone']) } },
  versioned: {
    pattern: 'kv',
    maxAgeSeconds: 60,
    queries: { a: get(['version']), b: { pattern: 'ordered', queries: [get(['version'])] } },
  },
  forwarded: {
    pattern: 'kv',
    maxAgeSeconds: 60,
    queries: { a: { source: 'forwarding', op: 'get', params: { path: ['a'] } } },
  },
  lasting: { pattern: 'kv', queries: { a: get(['open']), b: get(['a']) } },
  big: { pattern: 'ordered', queries: [{ source: 'echo', op: 'get', params: { path: '/big' } }] },
  mixed: {
    pattern: 'kv',
    timeoutMs: 20_000,
    params: { id: { type: 'string' }, n: { type: 'integer' }, ids: { type: ['string'] } },
    queries: {
      one: get(['late', P], { select: { path: '/path', id: P, n: { $param: '/n' } } }),
      next: get(['late', { $result: '/one/id' }], { select: '/path' }),
      each: get([{ $join: [P, '-', { $item: '' }] }], { forEach: { $param: '/ids' }, select: '/path' }),
      group: { pattern: 'ordered', queries: [get([P, '1'], { select: '/path' }), get([P, '2'], { select: '/path' })] },
      raced: {
        pattern: 'first-reply',
        take: 1,
        hedgeMs: 1,
        queries: [get(['late', P], { select: '/path' }), get(['late', P], { select: '/path' })],
      },
      posted: {
        source: 'echo',
        op: 'post',
        params: { path: ['posted'], query: { n: { $param: '/n' } }, body: { id: P, ids: { $param: '/ids' } } },
        select: '/body',
      },
      skipped: get([P], { when: { equals: [P, 'never'] } }),
      stored: { source: 'shop', op: 'findOne', params: { collection: 'users', filter: { name: P } } },
    },
  },
};

beforeAll(async () => {
  stores = await startStores();
  echo = await startScripted((url, response, request) => {
    const { pathname, search } = new URL(url, 'http://store');
    if (pathname.startsWith('/open')) return;
    if (pathname === '/tagged') {
      response.writeHead(200, { etag: 'W/"aW/b"' }).end();
      return;
    }
    if (pathname === '/endless') {
      response.writeHead(200, { etag: '"e"' }).write('a');
      return;
    }
    const answer = (body?: unknown): void => {
      const said = { path: decodeURIComponent(pathname), search, body, ...(pathname === '/version' && { version }) };
      response.writeHead(pathname === '/gone' ? 404 : 200, {
        'content-type': 'application/json',
        'x-at': `${performance.now()}`,
      });
      response.end(pathname === '/big' ? JSON.stringify('a'.repeat(400_000)) : JSON.stringify(said));
    };
    seen.push(`${request.method} ${url}`);
    const text: Buffer[] = [];
    request.on('data', (piece: Buffer) => text.push(piece));
    request.on('end', () => {
      const body = text.length > 0 ? (JSON.parse(Buffer.concat(text).toString()) as unknown) : undefined;
      if (pathname.startsWith('/late')) setTimeout(answer, Math.random() * 5, body);
      else answer(body);
    });
  });
  service = await startService({
    stores,
    sources: {
      echo: { adapter: 'rest', url: echo.url, timeoutMs: 20_000, methods: ['get', 'post'], responseHeaders: ['x-at'] },
      forwarding: { adapter: 'rest', url: echo.url, forwardHeaders: ['x-tenant', 'cookie'] },
    },
    batches,
  });
});
afterAll(async () => {
  await service.close();
  await stores.close();
  await echo.close();
});

const asked = (name: string, params: object, more: object = {}) =>
  service.post(`/batches/${name}`, { params, ...more });

describe('a saved batch', () => {
  it('answers a GET, and a POST, with its parameters filled in', async () => {
    const expected = { user: { name: 'Ada Lovelace', asked: ADA }, orders: [{ number: 1024 }, { number: 1022 }] };
    const gotten = await service.get(`/batches/profile?id=${ADA}`);
    expect([gotten.status, gotten.headers['codap-complete']]).toEqual([200, 'true']);
    const { complete, results } = gotten.json();
    expect([complete, results.user.value, results.orders.value]).toEqual([true, expected.user, expected.orders]);
    const posted = await asked('profile', { id: ADA, limit: 1 }, { shape: 'values' });
    expect(posted.json()).toEqual({ ...expected, orders: [{ number: 1024 }] });
    expect(posted.headers['cache-control']).toBe('no-store');
    const traced = await asked('profile', { id: ADA }, { trace: true });
    expect(traced.json().results.user.trace).toBeDefined();
  });

  it('tells every fault of its parameters at once, and asks no store', async () => {
    const before = seen.length;
    const gotten = await service.get('/batches/profile?limit=x&limit=2&nobody=1');
    expect(gotten.status).toBe(400);
    expect(gotten.headers['cache-control']).toBe('no-store');
    expect(gotten.json().errors).toEqual([
      { parameter: 'nobody', detail: 'unknown URL parameter' },
      {
        parameter: 'id',
        detail: 'id is missing; a string of at most 8192 characters matching ^[0-9a-f]{24}$ is allowed',
      },
      { parameter: 'limit', detail: 'it is given more than once; a whole number from 1 is allowed here' },
    ]);
    const posted = await service.post('/batches/profile', { params: { limit: '2', nobody: 1 }, shape: 'x', take: 1 });
    expect(posted.json().errors.map(({ pointer }: Body) => pointer)).toEqual([
      '#/shape',
      '#/take',
      '#/params/nobody',
      '#/params/id',
      '#/params/limit',
    ]);
    expect(seen.length).toBe(before);
  });

  it.each([
    ['GET', '/batches/profile?id=%zz', 400],
    ['GET', '/batches/profile?id=%', 400],
    ['GET', '/batches/profile?id=%ED%A0%80', 400],
    ['GET', '/batches/profile?__proto__=1&id=1', 400],
    ['GET', '/batches/profile?id[]=1', 400],
    ['GET', '/batches/profile?explain=no&id=0', 400],
    ['GET', '/batches/nobody', 404],
    ['GET', '/batches/profile.pdf', 404],
    ['GET', '/batches/profile/', 404],
    ['GET', '/batches/profile.bin', 406],
    ['GET', '/batches/profile.csv?id=000000000000000000000001', 406],
    ['GET', '/batches/profile.html', 406],
    ['GET', '/batches/nobody.html', 404],
  ] as const)('%s %s is %i', async (method, path, status) => {
    const answer = await service.get(path.includes('?') || status === 404 ? path : `${path}?id=${ADA}`, {}, method);
    expect([answer.status, answer.headers['content-type'], answer.headers['cache-control']]).toEqual([
      status,
      'application/problem+json; charset=utf-8',
      'no-store',
    ]);
  });

  it('takes an object alone, as JSON', async () => {
    for (const body of [
      '',
      '[]',
      '"a"',
      'null',
      '{"params": []}',
      '{"params": null}',
      '{"params": {"id": "a", "id": "b"}}',
    ])
      expect((await service.post('/batches/profile', body)).status, body).toBe(400);
    expect(
      (await service.post('/batches/profile', 'id=1', { 'content-type': 'application/x-www-form-urlencoded' })).status,
    ).toBe(415);
    expect((await service.post('/batches/profile?id=1', '{}')).status).toBe(400);
    const { status, headers } = await service.get('/batches/profile', {}, 'PUT');
    expect([status, headers['allow']]).toEqual([405, 'GET, HEAD, POST']);
  });

  it('is listed, with what it takes and what it answers in', async () => {
    const { batches: listed } = (await service.get('/batches')).json();
    expect(listed.map(({ name }: Body) => name)).toEqual(Object.keys(batches));
    expect(listed[0]).toEqual({
      name: 'profile',
      description: 'A user and the latest orders.',
      pattern: 'kv',
      params: {
        type: 'object',
        properties: {
          id: { type: 'string', maxLength: 8192, pattern: '^[0-9a-f]{24}$' },
          limit: { type: 'integer', minimum: 1, default: 2 },
        },
        required: ['id'],
        additionalProperties: false,
      },
      mediaTypes: [
        'application/json',
        'application/x-ndjson',
        'text/event-stream',
        'application/zip',
        'application/x-tar',
        'application/gzip',
      ],
    });
  });

  it('is explained by GET and POST, and nothing is run', async () => {
    const before = seen.length;
    const gotten = await service.get('/batches/mixed?explain&id=a&n=1&ids=b');
    expect(gotten.headers['cache-control']).toBe('no-store');
    expect(gotten.json().queries.one.request.path).toEqual({ $join: ['/late/', P] });
    const posted = await service.post('/batches/mixed?explain', { params: { id: 'a', n: 1, ids: [] } });
    expect(posted.json()).toEqual(gotten.json());
    expect(seen.length).toBe(before);
  });

  it('whose client comes back as an event source is answered 204, and not counted', async () => {
    const count = async () =>
      [...readMetrics((await service.get('/metrics')).text).get('codap_batches')!.samples].filter(
        ({ labels }) => labels['batch'] === 'each',
      ).length;
    const before = await count();
    for (const [path, accept] of [
      ['/batches/each', 'text/event-stream'],
      ['/batches/each', 'application/json;q=0.5, text/event-stream'],
      // No list of objects is there: of what is taken events are the first that can be sent.
      ['/batches/each', 'text/csv, text/event-stream;q=0.9'],
      ['/batches/each.sse', 'application/json'],
    ] as const) {
      const answer = await service.get(path, { accept, 'last-event-id': '3' });
      expect([path, answer.status, answer.text]).toEqual([path, 204, '']);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
    expect(await count()).toBe(before);
  });

  it.each([
    ['', undefined, 200, 'application/json'],
    ['', 'text/event-stream;q=0.5, application/json', 200, 'application/json'],
    ['', 'application/x-ndjson', 200, 'application/x-ndjson'],
    ['', 'application/zip', 200, 'application/zip'],
    ['', 'text/html', 406, 'application/problem+json'],
    ['.json', 'text/event-stream', 200, 'application/json'],
    ['.zip', 'text/event-stream', 200, 'application/zip'],
    ['.html', 'text/event-stream', 406, 'application/problem+json'],
  ])(
    'is answered, whatever Last-Event-ID says, at %s in what is no stream of events: %s',
    async (ending, accept, status, type) => {
      const headers = { 'last-event-id': '3', ...(accept !== undefined && { accept }) };
      const answer = await service.get(`/batches/each${ending}?ids=a`, headers);
      expect([answer.status, answer.headers['content-type']]).toEqual([status, expect.stringContaining(type)]);
      expect(answer.text).not.toBe('');
    },
  );

  it('is counted under its name', async () => {
    const labels = { pattern: 'kv', batch: 'among', outcome: 'complete' };
    const count = async () =>
      valueIn(readMetrics((await service.get('/metrics')).text), 'codap_batches_total', labels) ?? 0;
    const before = await count();
    await service.get('/batches/among?skus=B-101');
    await asked('among', { skus: [] });
    await until(async () => (await count()) === before + 2, 'both are counted');
  });
});

describe('what a parameter fills in is data', () => {
  it.each(['$where', '{"$gt":""}', '{$ne: 1}', '$$ROOT', '__proto__', '*', '.*'])('%s stays a text', async (text) => {
    expect((await asked('among', { skus: [text] }, { shape: 'values' })).json()).toEqual({ found: [] });
    expect(
      (await service.get(`/batches/among?skus=${encodeURIComponent(text)}&skus=B-101`)).json().results.found.value,
    ).toEqual([{ sku: 'B-101' }]);
  });

  it.each(['..', '../secret', '%2e%2e', '%252e%252e%2f', '', 'a\0b', 'a\r\nb'])(
    '%j is no segment of a path',
    async (text) => {
      const before = seen.length;
      const { results } = (await asked('mixed', { id: text, n: 1, ids: [] })).json();
      expect([results.one.status, results.one.error?.code]).toEqual(['error', 'INVALID']);
      expect(seen.slice(before).filter((one) => one.includes('secret'))).toEqual([]);
    },
  );

  it('a text is one segment, whatever is in it', async () => {
    const { results } = (await asked('each', { ids: ['a/b?c=d#e', 'ü %41'] })).json();
    expect(results[0].replies.map(({ value }: Body) => value)).toEqual(['/a/b?c=d#e', '/ü %41']);
    expect(seen).toContain('GET /a%2Fb%3Fc%3Dd%23e');
    expect(results[0].replies.map(({ as }: Body) => as)).toEqual(['of-a/b?c=d#e', 'of-ü %41']);
  });

  it('no reference in it is followed', async () => {
    const reference = '{"$result":"/one"}';
    const { results } = (await asked('optional', { id: reference })).json();
    expect(results.needs.value.path).toBe(`/${reference}`);
  });
});

describe('a parameter that is not given', () => {
  it('skips what needs it, and is null to what only looks', async () => {
    const { complete, results } = (await service.get('/batches/optional')).json();
    expect(complete).toBe(false);
    expect(results.needs).toEqual({
      status: 'skipped',
      error: { code: 'DEPENDENCY_FAILED', message: 'a reference leads nowhere: $param /id', retryable: false },
    });
    expect(results.each.error.code).toBe('DEPENDENCY_FAILED');
    expect(results.when).toEqual({ status: 'skipped' });
    expect(results.unless.value.path).toBe('/unless');
    expect(results.select.value).toEqual({ id: null });
    expect(results.saved).toMatchObject({ status: 'ok', value: 'none', defaulted: true });
  });

  it('is there once it is given, empty too', async () => {
    const { results } = (await service.get('/batches/optional?id=')).json();
    expect(results.select.value).toEqual({ id: '' });
    expect(results.when).toEqual({ status: 'skipped' });
    expect(results.each.error.code).toBe('INVALID');
  });
});

describe('an ending', () => {
  it.each(encodings.map(({ extension, mediaType }) => [extension, mediaType] as const))(
    '.%s answers as Accept: %s does',
    async (ending, mediaType) => {
      const batch = ending === 'bin' ? 'covers' : ending === 'csv' ? 'table' : 'covers';
      const query = batch === 'covers' ? 'sku=B-101' : 'category=poetry';
      const ended = await service.get(`/batches/${batch}.${ending}?${query}`, { accept: 'image/png' });
      const accepted = await service.get(`/batches/${batch}?${query}`, { accept: mediaType });
      expect(ended.status, ended.text).toBe(200);
      expect(ended.headers['content-type']).toBe(accepted.headers['content-type']);
      const timeless = (text: string) => text.replaceAll(/"ms":[\d.]+/g, '"ms":0');
      expect(timeless(ended.text)).toBe(timeless(accepted.text));
      const posted = await service.post(`/batches/${batch}.${ending}`, {
        params: Object.fromEntries(new URLSearchParams(query)),
      });
      expect(timeless(posted.text)).toBe(timeless(ended.text));
      const unsteady = new Set([
        'date',
        'server-timing',
        'x-request-id',
        'content-length',
        'transfer-encoding',
        'keep-alive',
        'connection',
      ]);
      const steady = (headers: object) => Object.entries(headers).filter(([name]) => !unsteady.has(name));
      for (const coding of ['identity', 'br']) {
        const ask = (method: string) =>
          service.get(`/batches/${batch}.${ending}?${query}`, { 'accept-encoding': coding }, method);
        const got = await ask('GET');
        const head = await ask('HEAD');
        expect([head.status, head.text]).toEqual([200, '']);
        expect(Object.fromEntries(steady(head.headers)), coding).toEqual(Object.fromEntries(steady(got.headers)));
      }
    },
  );

  it('that does not fit says why', async () => {
    expect((await service.get('/batches/each.csv?ids=a')).json()).toMatchObject({
      title: 'Not Acceptable',
      detail: expect.stringMatching(/there are: application\/json, /) as string,
    });
  });

  it('HEAD leaves nothing running, also of a large answer', async () => {
    for (const path of ['/batches/big', '/batches/big.zip', '/batches/big.ndjson', '/batches/big.bin']) {
      const { status, text } = await service.get(path, {}, 'HEAD');
      expect([status, text], path).toEqual([200, '']);
    }
    await until(() => echo.open() === 0, 'no call is open');
    const { status } = await service.get('/batches/lasting.ndjson', {}, 'HEAD');
    expect(status).toBe(200);
    await until(() => echo.open() === 0, 'what it had begun is ended');
  });
});

describe('caching', () => {
  const OPEN = 'public, max-age=60';
  const headersOf = async (path: string, headers: Record<string, string> = {}) => {
    const { status, headers: told, text } = await service.get(path, headers);
    return { status, text, control: told['cache-control'], vary: told['vary'], etag: told['etag'], all: told };
  };

  it('is as long as the batch says, where it is complete and gathered', async () => {
    expect(await headersOf('/batches/versioned')).toMatchObject({
      status: 200,
      control: OPEN,
      vary: 'Accept, Accept-Encoding',
      etag: expect.stringMatching(/^W\/"[\w-]{27}"$/) as string,
    });
    expect(await headersOf('/batches/table.csv?category=poetry')).toMatchObject({ status: 200, control: OPEN });
    expect(await headersOf(`/batches/profile?id=${ADA}`)).toMatchObject({ control: 'public, max-age=5' });
  });

  it.each([
    ['/batches/partly', 200],
    ['/batches/versioned.ndjson', 200],
    ['/batches/versioned.zip', 200],
    ['/batches/versioned?explain', 200],
    ['/batches/each?ids=a', 200],
    ['/batches/fails', 404],
    ['/batches/versioned?no', 400],
    ['/batches/versioned.csv', 406],
  ])('is none of %s', async (path, status) => {
    expect(await headersOf(path)).toMatchObject({ status, control: 'no-store' });
  });

  it('is private where a header of the caller is forwarded, and depends on it', async () => {
    expect(await headersOf('/batches/forwarded')).toMatchObject({
      control: 'private, max-age=60',
      vary: 'Accept, x-tenant, cookie, Accept-Encoding',
    });
  });

  it('has a tag that times do not change, and values, media types and statuses do', async () => {
    const [first, second] = [await headersOf('/batches/versioned'), await headersOf('/batches/versioned')];
    expect(first.text).not.toBe(second.text);
    expect(second.etag).toBe(first.etag);
    version += 1;
    expect((await headersOf('/batches/versioned')).etag).not.toBe(first.etag);
    const [json, csv] = [
      await headersOf('/batches/table.json?category=poetry'),
      await headersOf('/batches/table.csv?category=poetry'),
    ];
    expect(csv.etag).not.toBe(json.etag);
    expect((await headersOf('/batches/table.csv?category=poetry')).etag).toBe(csv.etag);
    expect((await headersOf('/batches/table.csv?category=travel')).etag).not.toBe(csv.etag);
  });

  it('answers 304 to whoever has it, without a body, with the same headers', async () => {
    const { etag = '', vary } = await headersOf('/batches/versioned');
    const strong = etag.slice(2);
    for (const tag of [etag, strong, `"x", ${etag}`, `W/"y",${strong} , "z"`, '*', ' * ']) {
      const again = await headersOf('/batches/versioned', { 'if-none-match': tag });
      expect([again.status, again.text, again.control, again.vary, again.etag], tag).toEqual([
        304,
        '',
        OPEN,
        vary,
        etag,
      ]);
      expect(again.all['content-type']).toBeUndefined();
    }
    for (const tag of ['"x"', strong.slice(1, -1), '', 'W/', `"${etag}"`])
      expect((await headersOf('/batches/versioned', { 'if-none-match': tag })).status, tag).toBe(200);
    const head = await service.get('/batches/versioned', { 'if-none-match': etag }, 'HEAD');
    expect([head.status, head.headers['etag']]).toEqual([304, etag]);
    const posted = await service.post('/batches/versioned', {}, { 'if-none-match': etag });
    expect([posted.status, posted.headers['etag']]).toEqual([200, undefined]);
  });
});

describe('an answer that a request is bound to', () => {
  const EARLY = 'Thu, 01 Jan 1970 00:00:00 GMT';
  const LATE = 'Fri, 01 Jan 2100 00:00:00 GMT';
  const GATHERED = '/batches/versioned';
  const STREAM = '/batches/versioned.ndjson';
  const BYTES = '/batches/covers.bin?sku=B-101';
  const PART = '/batches/part.bin';
  const TAGGED = '/batches/tagged.bin';

  it.each<[string, Record<string, string>, number]>([
    [GATHERED, { 'if-match': '*' }, 200],
    [GATHERED, { 'if-match': 'THIS' }, 412],
    [GATHERED, { 'if-match': 'STRONG' }, 412],
    [GATHERED, { 'if-match': '"x"' }, 412],
    [GATHERED, { 'if-match': '"x"', 'if-none-match': 'THIS' }, 412],
    [GATHERED, { 'if-match': '*', 'if-none-match': 'THIS' }, 304],
    [GATHERED, { 'if-unmodified-since': EARLY }, 200],
    [STREAM, { 'if-match': '*' }, 200],
    [STREAM, { 'if-match': '"x"' }, 412],
    [BYTES, { 'if-match': '*' }, 200],
    [BYTES, { 'if-match': '"x", THIS' }, 200],
    [BYTES, { 'if-match': 'W/THIS' }, 412],
    [BYTES, { 'if-match': '"x"' }, 412],
    [BYTES, { 'if-unmodified-since': LATE }, 200],
    [BYTES, { 'if-unmodified-since': EARLY }, 412],
    [BYTES, { 'if-unmodified-since': 'nonsense' }, 200],
    [BYTES, { 'if-match': 'THIS', 'if-unmodified-since': EARLY }, 200],
    [BYTES, { 'if-none-match': 'THIS' }, 304],
    [BYTES, { 'if-none-match': 'W/THIS' }, 304],
    [BYTES, { 'if-none-match': '"x,y", THIS' }, 304],
    [BYTES, { 'if-none-match': '*' }, 304],
    [BYTES, { 'if-none-match': '"x"' }, 200],
    [BYTES, { 'if-none-match': '' }, 200],
    [BYTES, { 'if-modified-since': LATE }, 200],
    [BYTES, { 'if-modified-since': 'MODIFIED' }, 304],
    [BYTES, { 'if-modified-since': EARLY }, 200],
    [BYTES, { 'if-modified-since': 'nonsense' }, 200],
    [BYTES, { 'if-none-match': '"x"', 'if-modified-since': LATE }, 200],
    [BYTES, { 'if-none-match': 'THIS', 'if-modified-since': EARLY }, 304],
    [BYTES, { 'if-match': 'THIS', 'if-none-match': 'THIS' }, 304],
    [BYTES, { 'if-match': '"x"', 'if-none-match': 'THIS' }, 412],
    [BYTES, { 'if-unmodified-since': LATE, 'if-modified-since': 'MODIFIED' }, 304],
    [BYTES, { 'if-unmodified-since': EARLY, 'if-none-match': 'THIS' }, 412],
    [PART, { 'if-none-match': 'THIS' }, 304],
    [TAGGED, { 'if-none-match': 'THIS' }, 304],
    [TAGGED, { 'if-none-match': '"aW/b"' }, 304],
    [TAGGED, { 'if-none-match': '"ab"' }, 200],
    [TAGGED, { 'if-match': 'THIS' }, 412],
    [TAGGED, { 'if-match': '"aW/b"' }, 412],
    ...['/batches/named.bin', '/batches/raced.bin', '/batches/within.bin'].flatMap(
      (path): [string, Record<string, string>, number][] => [
        [path, { 'if-none-match': 'THIS' }, 200],
        [path, { 'if-modified-since': 'MODIFIED' }, 200],
        [path, { 'if-match': '"x"' }, 412],
      ],
    ),
    ['/batches/noted.bin', { 'if-none-match': 'THIS' }, 304],
    [PART, { 'if-none-match': '"x"' }, 206],
    [GATHERED, { 'if-none-match': 'THIS' }, 304],
    [GATHERED, { 'if-modified-since': LATE }, 200],
    [STREAM, { 'if-none-match': '"x"', 'if-modified-since': LATE }, 200],
    ['/batches/versioned?no', { 'if-match': '"x"' }, 400],
    ['/batches/covers.bin?sku=none', { 'if-match': '"x"' }, 404],
    ['/batches/covers.bin?sku=none', { 'if-none-match': '*' }, 404],
  ])('%s %j: %i', async (path, conditions, status) => {
    const { etag = '', 'last-modified': modified = '' } = (await service.get(path)).headers;
    const fields = Object.fromEntries(
      Object.entries(conditions).map(([name, value]) => [
        name,
        value.replace('THIS', etag).replace('STRONG', etag.replace('W/', '')).replace('MODIFIED', modified),
      ]),
    );
    for (const method of ['GET', 'HEAD']) {
      const answer = await service.get(path, fields, method);
      expect(answer.status, method).toBe(status);
      if (status === 412) expect(answer.headers).toMatchObject({ 'cache-control': 'no-store' });
      if (status === 412 && method === 'GET') expect(answer.json()).toMatchObject({ title: 'Precondition Failed' });
      if (status !== 304) continue;
      expect([answer.text, answer.headers['etag']]).toEqual(['', etag]);
      for (const name of ['content-type', 'content-length', 'content-range'])
        expect(answer.headers).not.toHaveProperty(name);
    }
  });

  it('is that of a GET or HEAD alone', async () => {
    expect((await service.post('/batches/part.bin', {}, { 'if-none-match': '*' })).status).toBe(206);
  });

  it('and that is known lets go of its store at once', async () => {
    const { status } = await service.get('/batches/endless.bin', { 'if-none-match': 'W/"e"' });
    expect(status).toBe(304);
    await until(() => echo.open('/endless') === 0);
  });
});

it('two hundred requests at once, each with parameters of its own, never see each other’s', async () => {
  const ask = async (at: number): Promise<void> => {
    const mine = `u${at}`;
    const ids = Array.from({ length: at % 4 }, (_, index) => `${at}.${index}`);
    const answer = await asked('mixed', { id: mine, n: at, ids });
    expect(answer.status, answer.text).toBe(200);
    const { results } = answer.json();
    expect(results.one.value).toEqual({ path: `/late/${mine}`, id: mine, n: at });
    expect(results.next.value).toBe(`/late/${mine}`);
    expect(results.each.replies.map(({ value }: Body) => value)).toEqual(ids.map((one) => `/${mine}-${one}`));
    expect(results.group.replies.map(({ value }: Body) => value)).toEqual([`/${mine}/1`, `/${mine}/2`]);
    expect(results.raced.value).toBe(`/late/${mine}`);
    expect(results.posted.value).toEqual({ id: mine, ids });
    expect(results.skipped).toEqual({ status: 'skipped' });
    expect(results.stored).toMatchObject({ status: 'ok', value: null });
  };
  const stream = async (at: number): Promise<void> => {
    const mine = `s${at}`;
    const { text } = await service.get(`/batches/mixed.ndjson?id=${mine}&n=${at}&ids=x`);
    const frames = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const values = Object.fromEntries(frames.flatMap(({ path, value }) => (path === undefined ? [] : [[path, value]])));
    expect(values).toMatchObject({
      '/one': { id: mine, n: at },
      '/each/0': `/${mine}-x`,
      '/raced': `/late/${mine}`,
      '/posted': { id: mine, ids: ['x'] },
    });
  };
  await Promise.all(Array.from({ length: 200 }, (_, at) => (at % 5 === 0 ? stream(at) : ask(at))));
});

describe('without adhoc', () => {
  it('saved batches alone are left', async () => {
    const own = await startService({ stores, server: { adhoc: false }, batches: { table: batches.table } });
    try {
      expect((await own.get('/batches/table?category=poetry')).status).toBe(200);
      for (const path of ['/kv', '/ordered', '/first-reply'])
        expect((await own.post(path, { queries: {} })).status).toBe(404);
    } finally {
      await own.close();
    }
  });
});
