import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { assemble, timeless } from '../assemble.ts';
import { startFlow } from '../flow.ts';
import { type Service, startService } from '../service.ts';

let service: Service;
beforeAll(async () => {
  service = await startService({ limits: { nesting: 10 } });
});
afterAll(() => service.close());

const get = (path: unknown) => ({ source: 'catalog', op: 'get', params: { path } });
const leaf = fc.constantFrom<object>(
  get('/stock/B-101'),
  get('/products/none'),
  get(['stock', { $result: '/top/0' }]),
  get(['stock', { $result: '/gone/sku' }]),
  { ...get('/stock/B-102'), when: false },
  { ...get('/products/none'), default: { none: [1] } },
  { ...get('/stock/B-103'), select: { n: '/count', nothing: '/x' } },
  { ...get('/stock/B-104'), hidden: true },
  { ...get('/products/none'), hidden: true },
  { ...get(['stock', { $item: '' }]), forEach: { $result: '/top' } },
  { ...get(['products', { $item: '' }]), forEach: { $result: '/mixed' }, as: 'each' },
  { ...get(['products', { $item: '' }]), forEach: { $result: '/mixed' }, accept: 'found', default: 0 },
  { source: 'shop', op: 'countDocuments', params: { collection: 'users' } },
);
const modifiers = fc.constantFrom<object>(
  {},
  {},
  {},
  { hidden: true },
  { default: 'instead' },
  { when: { $result: '/gone/sku' } },
  { forEach: { $result: '/top' } },
);
// No numbers: frames do not tell a group of such keys from a list.
const key = fc.constantFrom('a', 'b', 'c/d', '~', '', '__proto__', 'ü');

const { node } = fc.letrec<{ node: object; kv: object; ordered: object; race: object }>((tie) => ({
  node: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('kv'), tie('ordered'), tie('race')),
  kv: fc
    .tuple(fc.uniqueArray(fc.tuple(key, tie('node')), { maxLength: 3, selector: ([name]) => name }), modifiers)
    .map(([members, more]) => Object.assign({ pattern: 'kv', queries: new Map(members as [string, object][]) }, more)),
  ordered: fc
    .tuple(fc.array(tie('node'), { maxLength: 3 }), modifiers)
    .map(([queries, more]) => Object.assign({ pattern: 'ordered', queries }, more)),
  // Only one of them can win, so that the winner is the same whenever it is asked.
  race: fc.constant({ pattern: 'first-reply', take: 1, queries: [get('/products/none'), get('/stock/B-105')] }),
}));

/** JSON in which a Map is an object, so that `__proto__` is a key. */
function text(value: unknown): string {
  if (value instanceof Map)
    return `{${[...value].map(([name, member]) => `${JSON.stringify(name)}:${text(member)}`).join(',')}}`;
  if (Array.isArray(value)) return `[${value.map(text).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return text(new Map(Object.entries(value)));
}

it('of any nested batch, the frames put together give the JSON answer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(node, { maxLength: 4 }), fc.boolean(), async (nodes, sse) => {
      const given = {
        top: {
          source: 'shop',
          op: 'distinct',
          params: { collection: 'products', key: 'sku', filter: { category: 'poetry' } },
        },
        mixed: { source: 'shop', op: 'distinct', params: { collection: 'users', key: 'name' }, hidden: true },
        gone: get('/products/none'),
        group: { pattern: 'ordered', queries: nodes },
      };
      const body = text({ queries: given });
      const answer = await service.post('/kv', body);
      expect(answer.status, answer.text).toBe(200);
      const flow = await startFlow(`${service.url}/kv`, body, {
        accept: sse ? 'text/event-stream' : 'application/x-ndjson',
      });
      const frames = await flow.rest();
      const end = frames.pop();
      expect(end?.event).toBe('end');
      if (end) expect(assemble(frames, true, end)).toEqual(timeless(answer.json()));
    }),
    { numRuns: 150 },
  );
}, 30_000);
