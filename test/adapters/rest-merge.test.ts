import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adapters } from '../../adapters/index.ts';
import type { Adapter } from '../../adapters/adapter.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { demoConfig } from '../../demo/config.ts';
import { toCodapError } from '../../src/errors.ts';
import { merge } from '../../src/sources/layers/merge.ts';
import type { Value } from '../../src/store/payload.ts';
import { Placeholder } from '../../src/store/placeholder.ts';
import { RestMerger } from '../../adapters/rest/merge.ts';
import type { RestOptions } from '../../adapters/rest/options.ts';
import type { ConfigError } from '../../src/config/load.ts';
import { checkConfig, parseConfig } from '../configured.ts';
import { context, NOBODY } from './source.ts';

/** What a list is answered with: its body, its status and its type. */
interface Answer {
  readonly body: string;
  readonly status?: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

let answer: (url: URL) => Answer;
const asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(request.url!);
  const { body, status = 200, type = 'application/json', headers } = answer(new URL(request.url!, 'http://localhost'));
  response.writeHead(status, { 'content-type': type, ...headers }).end(body);
});

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** What a cache is told of keeping each answer. */
const fresh: unknown[] = [];
/** The headers of the caller that the source forwards. */
let caller: Record<string, string> = {};

const RULE = { path: '/users/{id}', into: '/users', query: 'ids', items: '/data', key: '/id' };

/** Asks a source with these rules, all in one turn; what each comes to. */
async function ask(rules: readonly object[], all: readonly object[], own: object = {}): Promise<unknown[]> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`;
  return askAt({ adapter: 'rest', url, merge: rules, ...own }, all);
}

async function askAt(options: object, all: readonly object[]): Promise<unknown[]> {
  asked.length = 0;
  fresh.length = 0;
  const config = (await checkConfig({ sources: { api: options } })).sources['api']!;
  const adapter = adapters['rest'] as Adapter;
  await using connection = await adapter.open(config);
  const fetch = connection.merger ? merge(connection.merger).wrap(connection.fetch) : connection.fetch;
  const fault = (path: readonly (string | number)[], detail: string): never => {
    throw new Error(`${path.join('/')}: ${detail}`);
  };
  const one = async (params: object): Promise<unknown> => {
    const fitting = adapter.ops['get']!.params.parse(params) as Record<string, unknown>;
    const query = { op: 'get', params: adapter.compile('get', fitting, config, fault), want: 'value' } as const;
    try {
      const { json, freshness } = (await fetch(query, context({ caller: { headers: caller } }))) as Value;
      fresh.push(freshness);
      return json;
    } catch (error) {
      const { code, freshMs } = toCodapError(error);
      if (freshMs !== undefined) fresh.push(freshMs);
      return code;
    }
  };
  const answers = await Promise.all(all.map(one));
  await pause(0);
  return answers;
}

const users = (...list: readonly object[]) => JSON.stringify({ data: list });
const at = (...ids: readonly unknown[]) => ids.map((id) => ({ path: ['users', id] }));

describe('GETs that a rule of merge is for', () => {
  it('are one request of the list, and each has its item, whatever their order, and missing ones are not found', async () => {
    answer = () => ({ body: users({ id: 'c', n: 3 }, { n: 9 }, { id: 'x' }, { id: 'a', n: 1 }, null as never) });
    expect(await ask([RULE], at('a', 'b', 'c', 'a'))).toEqual([
      '{"id":"a","n":1}',
      'NOT_FOUND',
      '{"id":"c","n":3}',
      '{"id":"a","n":1}',
    ]);
    expect(asked).toEqual(['/v1/users?ids=a,b,c']);
  });

  it('have the very text of their item, whose id is compared as text', async () => {
    const item =
      '{ "id" : 12345678901234567890, "price":1.50, "name":"Gr\\u00fc\\u00dfe, \\"[{\\"", "__proto__":{"a":[]} }';
    answer = () => ({ body: `{"data":[1,"[",{"id":"1"}],"data":[{"id":"7"},${item}] }` });
    expect(await ask([RULE], at('12345678901234567890', 7, '1'))).toEqual([item, '{"id":"7"}', 'NOT_FOUND']);
  });

  it('take the first of two items of one id', async () => {
    answer = () => ({ body: users({ id: 1, n: 1 }, { id: '1', n: 2 }, { id: 2 }) });
    expect(await ask([RULE], at(1, 2))).toEqual(['{"id":1,"n":1}', '{"id":2}']);
  });

  it('are asked for in the style of the rule, each id encoded', async () => {
    answer = () => ({ body: users({ id: 'a b' }, { id: 'c/ü' }) });
    const found = ['{"id":"a b"}', '{"id":"c/ü"}'];
    expect(await ask([RULE], at('a b', 'c/ü'))).toEqual(found);
    expect(await ask([{ ...RULE, style: 'repeat' }], at('a b', 'c/ü'))).toEqual(found);
    expect(await ask([RULE], [{ path: '/users/a b' }, { path: '/users/c%2F%C3%BC' }])).toEqual(found);
    expect(asked).toEqual(['/v1/users?ids=a%20b,c%2F%C3%BC']);
  });

  it('are no more than `max` together', async () => {
    answer = () => ({ body: users() });
    await ask([{ ...RULE, max: 2 }], at('a', 'b', 'c', 'd', 'e'));
    expect(asked.toSorted()).toEqual(['/v1/users/e', '/v1/users?ids=a,b', '/v1/users?ids=c,d']);
  });

  it.each([
    ['comma', 'x'.repeat(2000)],
    ['repeat', 'x'.repeat(2000)],
    ['comma', 'ü'.repeat(350)],
  ])('make no longer a URL than stores take, in the style %s', async (style, long) => {
    answer = () => ({ body: users() });
    await ask([{ ...RULE, style }], at(...['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((id) => id + long)));
    expect(asked.length).toBeGreaterThan(1);
    expect(asked.length).toBeLessThan(5);
    for (const url of asked) expect(url.length).toBeLessThan(8000);
  });

  it('are known before a reference in their path is', () => {
    const config = parseConfig({ sources: { api: { adapter: 'rest', url: 'http://a/v1/', merge: [RULE] } } });
    const options = config.sources['api']! as unknown as RestOptions;
    const pointOf = (path: readonly unknown[]) => {
      const params = adapters['rest']!.compile('get', { path }, options, (_at, detail) => expect.fail(detail));
      return new RestMerger(options).pointOf({ op: 'get', params, want: 'value' }, NOBODY);
    };
    const reference = new Placeholder('$result');
    expect(pointOf(['users', reference])).toMatchObject({ most: 100 });
    expect(pointOf(['users', reference, 'orders'])).toBeUndefined();
    expect(pointOf([reference, 'users'])).toBeUndefined();
  });

  it.each<[string, object, string]>([
    ['with a query of its own', { path: '/users/a', query: { full: 1 } }, '/v1/users/a?full=1'],
    ['with a header of its own', { path: '/users/a', headers: { accept: 'text/csv' } }, '/v1/users/a'],
    ['whose id has a comma', { path: ['users', 'a,b'] }, '/v1/users/a%2Cb'],
    ['for more than an id', { path: '/users/a/orders' }, '/v1/users/a/orders'],
    ['for less than an id', { path: '/users/' }, '/v1/users/'],
    ['for something else', { path: '/people/a' }, '/v1/people/a'],
  ])('leave one %s alone', async (_what, params, url) => {
    answer = () => ({ body: users() });
    await ask([RULE], [...at('x', 'y'), params]);
    expect(asked.toSorted()).toEqual([url, '/v1/users?ids=x,y'].toSorted());
  });

  it('are told from those of another rule', async () => {
    answer = () => ({ body: '[{"code":"a"},{"code":"b"}]' });
    const tags = { path: 'tags/{tag}/info', into: 'tags', query: 'of', key: '/code' };
    const all = ['a', 'b'].map((id) => ({ path: `/tags/${id}/info` }));
    expect(await ask([RULE, tags], [...all, ...at('a')])).toEqual([
      '{"code":"a"}',
      '{"code":"b"}',
      '[{"code":"a"},{"code":"b"}]',
    ]);
    expect(asked.toSorted()).toEqual(['/v1/tags?of=a,b', '/v1/users/a']);
  });

  it.each<[string, Answer]>([
    ['no list', { body: '{"data":{"id":"a"}}' }],
    ['nothing where the list should be', { body: '{}' }],
    ['null', { body: 'null' }],
    ['no JSON', { body: 'data', type: 'text/plain' }],
  ])('are BAD_RESPONSE where the answer is %s', async (_what, told) => {
    answer = () => told;
    expect(await ask([RULE], at('a', 'b'))).toEqual(['BAD_RESPONSE', 'BAD_RESPONSE']);
    expect(asked).toHaveLength(1);
  });

  it.each<[number, string]>([
    [429, 'OVERLOADED'],
    [503, 'UNAVAILABLE'],
  ])('fail each where the answer is %i', async (status, code) => {
    answer = () => ({ body: '', status });
    expect(await ask([RULE], at('a', 'b'))).toEqual([code, code]);
    expect(asked).toHaveLength(1);
  });

  it('are asked alone where one of them may be what the store refuses, or is too large', async () => {
    answer = ({ pathname, search }) =>
      search || pathname.endsWith('b') ? { body: '', status: 400 } : { body: '{"id":"a"}' };
    expect(await ask([RULE], at('a', 'b'))).toEqual(['{"id":"a"}', 'INVALID']);
    for (const [status, code] of [
      [404, 'NOT_FOUND'],
      [403, 'FORBIDDEN'],
    ] as const) {
      answer = ({ pathname, search }) =>
        search || pathname.endsWith('b') ? { body: '', status } : { body: '{"id":"a"}' };
      expect(await ask([RULE], at('a', 'b'))).toEqual(['{"id":"a"}', code]);
    }
    answer = ({ pathname, search }) =>
      search || pathname.endsWith('b') ? { body: JSON.stringify('x'.repeat(2000)) } : { body: '{"id":"a"}' };
    expect(await ask([RULE], at('a', 'b'), { maxBytes: 1024 })).toEqual(['{"id":"a"}', 'TOO_LARGE']);
  });

  const nested = (id: string, depth: number) => `{"id":"${id}","of":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  it.each<[string, string, string]>([
    ['nested as deep as one alone may be', nested('b', 999), nested('b', 999)],
    ['nested deeper', nested('b', 1000), 'BAD_RESPONSE'],
    ['no JSON', '{"id":"b",}', 'BAD_RESPONSE'],
  ])('are asked alone where one of them cannot be read in the list: %s', async (_what, item, expected) => {
    const a = '{"id":"a"}';
    answer = ({ pathname, search }) => ({
      body: search ? `{"data":[${a},${item}]}` : pathname.endsWith('a') ? a : item,
    });
    expect(await ask([RULE], at('a', 'b'))).toEqual([a, expected]);
    expect(asked.toSorted()).toEqual(['/v1/users/a', '/v1/users/b', '/v1/users?ids=a,b']);
  });

  it('may be kept for no longer than the list, and so may that one is missing', async () => {
    const body = users({ id: 'a' });
    answer = () => ({ body, headers: { 'cache-control': 'max-age=5' } });
    expect(await ask([RULE], at('a', 'b'))).toEqual(['{"id":"a"}', 'NOT_FOUND']);
    expect(fresh).toEqual(expect.arrayContaining([{ mayBeKept: true, mayBeStale: true, freshMs: 5000 }, 5000]));
    answer = () => ({ body, headers: { 'cache-control': 'no-store' } });
    await ask([RULE], at('a', 'b'));
    expect(fresh).toEqual(expect.arrayContaining([{ mayBeKept: false, mayBeStale: false, freshMs: 0 }, 0]));
    expect(asked).toHaveLength(1);
  });

  it.each([['if-none-match'], ['if-modified-since'], ['range']])(
    'are asked alone for a caller whose %s is forwarded',
    async (name) => {
      answer = ({ pathname }) => ({ body: JSON.stringify(pathname) });
      caller = { [name]: 'x' };
      try {
        expect(await ask([RULE], at('a', 'b'))).toEqual(['"/v1/users/a"', '"/v1/users/b"']);
      } finally {
        caller = {};
      }
    },
  );

  it('are not merged where there is no rule', async () => {
    answer = () => ({ body: '1' });
    await ask([], at('a', 'b'));
    expect(asked.toSorted()).toEqual(['/v1/users/a', '/v1/users/b']);
  });
});

describe('the rules of merge in a configuration', () => {
  const faults = (merge: unknown): string[] => {
    try {
      parseConfig({
        sources: { api: { adapter: 'rest', url: 'http://127.0.0.1', ...(merge !== undefined && { merge }) } },
      });
      return [];
    } catch (error) {
      return (error as ConfigError).faults.map(({ path, detail }) => `${path}: ${detail}`);
    }
  };

  it.each<[string, unknown, string]>([
    ['no {id}', { ...RULE, path: '/users' }, 'path: a path with one segment such as {id} is allowed here'],
    ['two {id}', { ...RULE, path: '/a/{id}/{id}' }, 'path: a path with one segment such as {id} is allowed here'],
    ['{id} in a segment', { ...RULE, path: '/a/x{id}' }, 'path: a path with one segment such as {id} is allowed here'],
    ['a path that climbs', { ...RULE, path: '/../{id}' }, 'path: a path may not have "." or ".."'],
    ['a query in its path', { ...RULE, path: '/users/{id}?a=1' }, 'path: '],
    ['{id} in into', { ...RULE, into: '/users/{id}' }, 'into: a path without { and } is allowed here'],
    ['into that climbs', { ...RULE, into: '/users/..' }, 'into: a path may not have "." or ".."'],
    ['an empty query', { ...RULE, query: '' }, 'query: '],
    ['another style', { ...RULE, style: 'json' }, 'style: '],
    ['items that are no pointer', { ...RULE, items: 'data' }, 'items: a JSON Pointer is allowed here'],
    ['an empty key', { ...RULE, key: '' }, 'key: a JSON Pointer to a member is allowed here'],
    ['a max of one', { ...RULE, max: 1 }, 'max: a whole number from 2 to 1000 is allowed here'],
    ['a field that there is not', { ...RULE, field: 1 }, 'field: unknown field'],
    ['no rule at all', 7, 'an object is allowed here'],
  ])('with %s are at fault', (_what, rule, detail) => {
    const [fault, ...others] = faults([rule]);
    expect(fault).toContain(detail);
    expect(others).toEqual([]);
  });

  it.each([true, null, RULE, 'a'])('are no %j', (merge) => {
    expect(faults(merge)).toEqual(['sources.api.merge: false or a list of rules is allowed here']);
  });

  it('may be left out, or false', () => {
    for (const merge of [undefined, false, []]) expect(faults(merge)).toEqual([]);
  });
});

describe('on the catalog of the demo', () => {
  let stores: Stores;
  beforeAll(async () => {
    stores = await startStores();
  });
  afterAll(() => stores.close());

  it('merged answers are those that each would have had alone', async () => {
    const { catalog } = demoConfig(stores).sources as Record<string, object>;
    const rule = { path: '/products/{sku}', into: '/products', query: 'ids', key: '/sku' };
    const all = ['B-108', 'B-105', 'B-999', 'B-105', 'B-101'].map((sku) => ({ path: `/products/${sku}` }));
    const alone = await askAt(catalog!, all);
    expect(await askAt({ ...catalog, merge: [rule] }, all)).toEqual(alone);
    expect(alone[2]).toBe('NOT_FOUND');
  });
});
