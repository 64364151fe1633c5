import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashedKey, makeKey } from '../../src/callers/api-keys.ts';
import { timeless } from '../assemble.ts';
import { type Answer, type Service, startService } from '../service.ts';

const KEYS = { all: makeKey(), few: makeKey() };
const TIMES = [1, 2, 3, 4];

let service: Service;
beforeAll(async () => {
  service = await startService({
    callers: {
      all: { keys: [hashedKey(KEYS.all)], sources: ['shop', 'catalog'], adhoc: true },
      few: { keys: [hashedKey(KEYS.few)], sources: ['shop'], adhoc: true },
    },
  });
});
afterAll(() => service.close());

const as = (name: keyof typeof KEYS) => ({ authorization: `Bearer ${KEYS[name]}` });
const stock = (path: unknown, more: object = {}) => ({ source: 'catalog', op: 'get', params: { path }, ...more });
const product = (sku: string) => ({
  source: 'shop',
  op: 'findOne',
  params: { collection: 'products', filter: { sku }, projection: { _id: 0 } },
});
const top = {
  source: 'shop',
  op: 'distinct',
  params: { collection: 'products', key: 'sku', filter: { category: 'poetry' } },
};

/** Asks the same so often that its plan was made, was kept, and was used again. */
async function askedAgain(path: string, body: object, headers: Record<string, string> = as('all')): Promise<Answer[]> {
  const answers = [];
  for (const _ of TIMES) answers.push(await service.post(path, body, headers));
  return answers;
}

describe('a batch that is asked again answers as it did', () => {
  const forms: Record<string, [string, object]> = {
    'a query': ['/kv', { queries: { a: stock('/stock/B-101') } }],
    'single documents': ['/kv', { queries: { a: product('B-101'), b: product('B-102'), c: product('none') } }],
    references: ['/kv', { queries: { top, first: stock(['stock', { $result: '/top/0' }]) } }],
    'a list that is run for each item': [
      '/kv',
      { queries: { top, each: stock(['stock', { $item: '' }], { forEach: { $result: '/top' } }) } },
    ],
    'conditions, selections and defaults': [
      '/ordered',
      {
        queries: [
          stock('/stock/B-102', { when: false }),
          stock('/stock/B-103', { select: { n: '/count', nothing: '/x' } }),
          stock('/products/none', { default: { none: [1] } }),
          stock('/products/none', { accept: 'found' }),
        ],
      },
    ],
    'groups in groups': [
      '/kv',
      {
        queries: {
          group: {
            pattern: 'ordered',
            queries: [
              { pattern: 'first-reply', take: 1, queries: [stock('/products/none'), stock('/stock/B-105')] },
              { queries: { a: stock('/stock/B-101', { hidden: true }), b: top }, select: '/b/value' },
            ],
          },
        },
      },
    ],
    // The one that is skipped is there at once, so that both always come in one order.
    'the first of several': [
      '/first-reply',
      { take: 1, queries: [stock('/stock/B-102', { when: false }), stock('/stock/B-101')] },
    ],
    'one that fails as a whole': ['/kv', { onError: 'fail', queries: { a: stock('/products/none') } }],
    'what the store finds wrong': [
      '/kv',
      { queries: { a: { source: 'shop', op: 'find', params: { collection: 'users', filter: { a: { $in: [] } } } } } },
    ],
  };
  it.each(Object.keys(forms))('%s', async (name) => {
    const [path, body] = forms[name] as [string, object];
    const answers = await askedAgain(path, body);
    const [first] = answers as [Answer];
    for (const answer of answers) {
      expect(answer.status).toBe(first.status);
      expect(timeless(answer.json())).toEqual(timeless(first.json()));
    }
  });
});

it('is told what is wrong with it, each time', async () => {
  const answers = await askedAgain('/kv', { queries: { a: stock('/stock/B-101', { unknown: 1 }) } });
  for (const { status, text } of answers) {
    expect(status).toBe(400);
    expect(text).toContain('#/queries/a/unknown');
  }
});

it('is explained, and run, each time', async () => {
  const body = { queries: { a: stock('/stock/B-104') } };
  for (const _ of TIMES) {
    expect((await service.post('/kv?explain', body, as('all'))).json().results).toBeUndefined();
    expect((await service.post('/kv', body, as('all'))).json().complete).toBe(true);
  }
});

it('is judged for each caller and each pattern by itself', async () => {
  const keyed = { queries: { a: stock('/stock/B-106') } };
  for (const { status } of await askedAgain('/kv', keyed)) expect(status).toBe(200);
  for (const { status, text } of await askedAgain('/kv', keyed, as('few'))) {
    expect(status).toBe(400);
    expect(text).toContain('no such source');
  }
  for (const { status } of await askedAgain('/ordered', keyed)) expect(status).toBe(400);
  const listed = { queries: [top] };
  for (const path of ['/ordered', '/first-reply', '/ordered'])
    for (const answer of await askedAgain(path, listed, as('few'))) {
      expect(answer.status).toBe(200);
      expect(answer.json().results).toBeDefined();
    }
});
