import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COLLECTIONS } from '../../demo/data.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { type Issuer, makeIssuer } from '../callers/issuer.ts';
import { type KeyServer, startKeyServer } from '../callers/key-server.ts';
import { type Body, asked, type Service, startService } from '../service.ts';

const ISSUER = 'https://id.example/';
const id = (at: number): string => `66f00000000000000000000${at}`;
const SUBS = [1, 2, 3, 4].map(id);
const oid = { $oid: { $caller: '/sub' } };
const user = (filter: object): object => ({ source: 'shop', op: 'findOne', params: { collection: 'users', filter } });
const orders = { source: 'shop', op: 'find', params: { collection: 'orders', filter: { userId: oid }, limit: 1 } };
const echo = { source: 'catalog', op: 'get', params: { path: '/echo', query: { who: { $caller: '/sub' } } } };
const mine = {
  pattern: 'kv',
  params: { sub: { type: 'string', required: false } },
  queries: {
    byId: user({ _id: oid }),
    // Fails where the first one is another's.
    orders: { ...orders, when: { equals: [{ $result: '/byId/_id' }, { $caller: '/sub' }] } },
    byMail: user({ email: { $caller: '/email' } }),
    echo: { ...echo, select: '/query/who' },
  },
};

const LAYERS: Record<string, Record<string, object>> = {
  'by default: merge and coalesce': {},
  'with a cache': { shop: { cache: { ttlMs: 60_000 } }, catalog: { cache: { ttlMs: 60_000, staleMs: 60_000 } } },
  'with a cache, and headers that are forwarded': {
    shop: { cache: { ttlMs: 60_000 } },
    catalog: { cache: { ttlMs: 60_000 }, forwardHeaders: ['x-tenant'] },
  },
  'with a cache and no merging': { shop: { merge: false, cache: { ttlMs: 60_000 } }, catalog: {} },
};

let issuer: Issuer;
let keys: KeyServer;
let stores: Stores;
beforeAll(async () => {
  [issuer, keys, stores] = await Promise.all([makeIssuer(), startKeyServer(), startStores()]);
  keys.answer = (response) => response.end(JSON.stringify(issuer.jwks));
});
afterAll(async () => {
  await stores.close();
  await keys[Symbol.asyncDispose]();
});

describe.each(Object.entries(LAYERS))('answers that are shared %s', (_how, sources) => {
  let service: Service;
  let tokens: string[];
  beforeAll(async () => {
    const jwt = { issuer: ISSUER, audience: 'codap', jwks: keys.url };
    service = await startService({
      stores,
      sources,
      batches: { mine },
      callers: { people: { jwt, batches: ['mine'] } },
    });
    const mails = COLLECTIONS['users']!.slice(0, 4).map(({ email }) => email as string);
    const exp = Math.floor(Date.now() / 1000) + 600;
    tokens = SUBS.map((sub, at) => issuer.token('ES256', { iss: ISSUER, aud: 'codap', exp, sub, email: mails[at] }));
  });
  afterAll(() => service.close());

  it('are never those of somebody else, in one turn and later', async () => {
    const before = await asked(stores);
    let answers = 0;
    for (let round = 0; round < 3; round += 1) {
      const all = Array.from({ length: 16 }, (_, at) => (at + round) % SUBS.length);
      const got = await Promise.all(
        all.map(async (at): Promise<[number, Body]> => {
          // What looks like somebody else's claim is none.
          const other = SUBS[(at + 1) % SUBS.length]!;
          const headers = { authorization: `Bearer ${tokens[at]}`, 'x-tenant': 'one', sub: other, 'x-sub': other };
          return [at, (await service.get(`/batches/mine?sub=${other}`, headers)).json().results];
        }),
      );
      for (const [at, { byId, byMail, orders: own, echo: who }] of got) {
        answers += 1;
        expect([byId.value._id, who.value]).toEqual([SUBS[at], SUBS[at]]);
        expect(byMail.value._id).toBe(SUBS[at]);
        expect(own.status).toBe('ok');
        for (const order of own.value) expect(order.userId).toBe(SUBS[at]);
      }
    }
    // They do share what is the same.
    expect((await asked(stores)) - before).toBeLessThan(answers * 4);
  });
});
