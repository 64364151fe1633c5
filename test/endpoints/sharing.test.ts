import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADA } from '../../demo/data.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { asked, type Service, startService } from '../service.ts';

let stores: Stores;
let service: Service;
beforeAll(async () => {
  stores = await startStores();
  const { restUrl } = stores;
  const personal = { adapter: 'rest', url: `${restUrl}/`, forwardHeaders: ['x-user'] };
  service = await startService({ stores, sources: { personal } });
});
afterAll(async () => {
  await service.close();
  await stores.close();
});

/** What a batch answers, and how many questions its stores were asked. */
async function counted(queries: object, headers: Record<string, string> = {}) {
  const before = await asked(stores);
  const { results } = (await service.post('/kv', { queries }, headers)).json();
  return { results, calls: (await asked(stores)) - before };
}

const named = (list: readonly object[]) => Object.fromEntries(list.map((query, at) => [`q${at}`, query]));
const findOne = (params: object, own: object = {}) => ({ source: 'shop', op: 'findOne', params, ...own });
const user = (_id: unknown, own?: object) => findOne({ collection: 'users', filter: { _id } }, own);
const slow = (source: string) => ({ source, op: 'get', params: { path: '/slow', query: { ms: 1000 } } });

describe('queries that are the same', () => {
  it('are one call, of one batch and of two', async () => {
    const one = await counted(named(Array.from({ length: 100 }, () => slow('catalog'))));
    expect(one.calls).toBe(1);
    expect(Object.values(one.results)).toEqual(Array(100).fill(expect.objectContaining({ value: { ms: 1000 } })));
    const before = await asked(stores);
    await Promise.all([counted({ a: slow('catalog') }), counted({ a: slow('catalog') })]);
    expect((await asked(stores)) - before).toBe(1);
  });

  it('are calls of their own where what is forwarded of their callers differs', async () => {
    const before = await asked(stores);
    await Promise.all(['ada', 'bob', 'ada'].map((name) => counted({ a: slow('personal') }, { 'x-user': name })));
    expect((await asked(stores)) - before).toBe(2);
  });
});

// A machine that pauses in the middle of a turn makes two of it.
describe('point reads of MongoDB', { retry: 3 }, () => {
  it('are one query, each answered and judged alone', async () => {
    const id = { $oid: ADA };
    const missing = { $oid: ADA.replace('6', '7') };
    const { results, calls } = await counted({
      ada: user(id),
      again: user(id, { select: '/name' }),
      none: user(missing),
      found: user(missing, { accept: 'found' }),
      rescued: user(missing, { accept: 'found', default: 'nobody' }),
      text: user(ADA),
    });
    expect(calls).toBe(1);
    expect(results).toMatchObject({
      ada: { status: 'ok', value: { _id: ADA, name: 'Ada Lovelace' } },
      again: { status: 'ok', value: 'Ada Lovelace' },
      none: { status: 'ok', value: null },
      found: { status: 'error', error: { code: 'NOT_FOUND' } },
      rescued: { status: 'ok', value: 'nobody', defaulted: true },
      text: { status: 'ok', value: null },
    });
  });

  it('keep the types of what others refer to', async () => {
    const order = {
      source: 'shop',
      op: 'findOne',
      params: { collection: 'orders', filter: { userId: { $result: '/ada/_id' } } },
    };
    const { results } = await counted({ ada: user({ $oid: ADA }), text: user(ADA), order });
    expect(results.order).toMatchObject({ status: 'ok', value: { userId: ADA } });
  });

  it('are merged item by item of a list, by a unique field too, and once more where some are missing', async () => {
    const { results, calls } = await counted({
      each: {
        forEach: ['B-101', 'B-998', 'B-105', 'B-999'],
        ...findOne({ collection: 'products', filter: { sku: { $item: '' } }, projection: { _id: 0, title: 1 } }),
      },
    });
    expect(calls).toBe(2);
    const values = results.each.replies.map((reply: { value: object | null }) => reply.value);
    expect(values).toEqual([{ title: expect.any(String) }, null, { title: expect.any(String) }, null]);
  });
});
