import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mediaTypes } from '../../src/encodings/index.ts';
import { type Service, startService } from '../service.ts';

/** What an answer may not show. */
const SECRETS = /Nine Bridges|TOKEN/;

const get = (path: string, more: object = {}) => ({ source: 'catalog', op: 'get', params: { path }, ...more });
const kv = (queries: object, more: object = {}) => ({ pattern: 'kv', queries, ...more });
const race = (query: object, more: object = {}) => ({ pattern: 'first-reply', take: 1, queries: [query], ...more });

const shown = get('/products/B-101', { select: '/sku' });
const secret = get('/products/B-103', { select: '/title', hidden: true });
const inner = kv({ shown, secret, spare: get('/nowhere', { hidden: true, default: 'TOKEN' }) });
const WON = { shown: 'B-101', secret: null, spare: null };

/** Each is a member of a batch that holds something hidden, and what `shape: "values"` shows of it. */
const HOLDING: [string, object, unknown][] = [
  ['a group', inner, WON],
  ['a group that has won', race(inner), WON],
  ['a list that has won', race({ pattern: 'ordered', queries: [secret, shown] }), [null, 'B-101']],
  ['a race that has won', race(race(inner)), WON],
  ['a group in one that has won', race(kv({ in: inner })), { in: WON }],
  ['a race in a group that has won', race(kv({ in: race(inner) })), { in: WON }],
  ['a race for each item', race(inner, { forEach: [1] }), [WON]],
  ['a group for each item that has won', race({ ...inner, forEach: [1] }), [WON]],
  [
    'successes that have won',
    race({ pattern: 'first-reply', take: 2, hedgeMs: 1000, queries: [secret, shown] }),
    expect.toSatisfy((list: unknown[]) => list.length === 2 && list.includes(null) && list.includes('B-101')),
  ],
  ['one that has won, with a default', race({ ...inner, default: 0 }, { default: 0 }), WON],
];

const queries = Object.fromEntries(HOLDING.map(([what, member]) => [what, member]));

let service: Service;
beforeAll(async () => {
  service = await startService({ server: { mcp: true }, batches: { saved: kv(queries) } });
});
afterAll(() => service.close());

/** How often an answer shows what is not hidden: it has come, and from each. */
const shows = (text: string) => text.split('B-101').length - 1;

describe('what is hidden at some depth', () => {
  const ONE_REPLY = ['text/csv', 'application/octet-stream'];
  // A gzipped tar is the same as a tar.
  it.each(mediaTypes.filter((type) => !['application/gzip', ...ONE_REPLY].includes(type)))(
    'is not told as %s',
    async (accept) => {
      const { text } = await service.post('/kv', { queries }, { accept });
      expect(text).not.toMatch(SECRETS);
      expect(shows(text)).toBe(HOLDING.length);
    },
  );

  it('is not told by a saved batch', async () => {
    const { text } = await service.get('/batches/saved');
    expect(text).not.toMatch(SECRETS);
    expect(shows(text)).toBe(HOLDING.length);
  });

  it('is not told to an agent', async () => {
    const params = { name: 'run_batch', arguments: kv(queries) };
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
    const { text } = await service.post('/mcp', call, { accept: 'application/json, text/event-stream' });
    expect(text).not.toMatch(SECRETS);
    expect(text).toContain('B-101');
  });

  it('is null among values', async () => {
    const values = await service.kv(queries, { shape: 'values' });
    expect(values).toEqual(Object.fromEntries(HOLDING.map(([what, , value]) => [what, value])));
  });

  it('is there for who refers to it, and for the select of a race', async () => {
    const copy = (what: string) => get('/products/B-101', { select: { all: { $result: `/${what}` } } });
    const copies = Object.fromEntries(HOLDING.map(([what]) => [`copy of ${what}`, copy(what)]));
    const values = (await service.kv({ ...queries, ...copies }, { shape: 'values' })) as Record<string, unknown>;
    for (const name of Object.keys(copies)) expect(JSON.stringify(values[name]), name).toMatch(SECRETS);
    const reshaped = await service.kv({ g: race(inner, { select: '/secret' }) }, { shape: 'values' });
    expect(reshaped).toEqual({ g: 'Nine Bridges' });
  });
});

it('a winner is shown as its stores wrote it, each value in its own way', async () => {
  const user = { source: 'shop', op: 'findOne' };
  const params = { collection: 'users', filter: { name: 'Ada Lovelace' }, projection: { _id: 1 } };
  const both = kv({
    plain: { ...user, params },
    exact: { ...user, params: { ...params, ejson: 'canonical' } },
  });
  const { won, group } = await service.kv({ won: race(both), group: both }, { shape: 'values' });
  expect(won).toEqual(group);
  expect(won).toMatchObject({ plain: { _id: expect.any(String) as string }, exact: { _id: { $oid: won.plain._id } } });
});

it('a race that a hidden group may win is no table', async () => {
  const list = get('/products');
  const two = { pattern: 'ordered', hidden: true, queries: [shown, secret] };
  const body = { queries: { a: { pattern: 'first-reply', take: 1, queries: [two, list] } } };
  expect((await service.post('/kv', body, { accept: 'text/csv' })).status).toBe(406);
  const other = await service.post('/kv', body, { accept: 'text/csv, application/json;q=0.5' });
  expect(other.headers['content-type']).toMatch('application/json');
  expect(other.text).not.toMatch(SECRETS);
});
