import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BadRequest } from '../../src/json/fault-list.ts';
import { readBody } from '../../src/batch/plan/read-body.ts';
import { atOnce, Work } from '../../src/budget/work.ts';
import type { Sources } from '../../src/sources/open.ts';
import { parseConfig, openSources } from '../configured.ts';
import { processorMs } from '../processor-time.ts';
import { plan } from '../plan.ts';

const config = parseConfig({
  sources: {
    shop: { adapter: 'mongo', url: 'mongodb://127.0.0.1:1', database: 'shop', collections: ['users'] },
    photos: { adapter: 's3', bucket: 'photos', endpoint: 'http://127.0.0.1:1' },
    catalog: { adapter: 'rest', url: 'http://127.0.0.1:1/', methods: ['get', 'post'] },
  },
});
let opened: Sources;
beforeAll(async () => {
  opened = await openSources(config);
});
afterAll(() => opened[Symbol.asyncDispose]());

const LONG = 'k'.repeat(500_000);
const many = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index));
const fields = (count: number, value: unknown) => Object.fromEntries(many(count, (index) => [`f${index}`, value]));
const kv = (query: object, key = 'a') => JSON.stringify({ queries: { [key]: query } });
const find = (filter: object) => kv({ source: 'shop', op: 'find', params: { collection: 'users', filter } });
const get = (params: object) => kv({ source: 'catalog', op: 'get', params });
const below = (keys: readonly string[], text: string) =>
  keys.reduceRight((inner, key) => `{${JSON.stringify(key)}:${inner}}`, text);

/** Bodies of almost a megabyte, each with as many faults as fit. */
const bodies: Record<string, string> = {
  'unknown fields below a long key': kv(fields(40_000, 1), LONG),
  'unknown params below a long key': kv({ source: 'shop', op: 'find', params: fields(30_000, 1) }, LONG),
  'references beside other keys': get({ query: fields(20_000, { $item: '', x: 1 }) }),
  'parts that cannot be joined': get({ path: [{ $join: many(200_000, () => null) }] }),
  'pointers that are none': get({ query: { a: many(40_000, () => ({ $item: 'x' })) } }),
  'selections of nothing': kv({ source: 'catalog', op: 'get', select: fields(60_000, 1) }),
  'references in a default': kv({ source: 'catalog', op: 'get', default: many(60_000, () => ({ $item: '' })) }),
  'names that no query bears': get({ query: { a: many(40_000, () => ({ $result: '/x' })) } }),
  'names that no query of very many bears': JSON.stringify({
    queries: {
      ...fields(400, { source: 'catalog', op: 'get', params: { path: '/' } }),
      a: { source: 'catalog', op: 'get', params: { path: '/', query: { a: many(40_000, () => ({ $result: '/x' })) } } },
    },
  }),
  'operators of expressions that are not allowed': find({ $expr: { $and: many(60_000, () => ({ $x: 1 })) } }),
  'operators that are not allowed': find({ $and: many(60_000, () => ({ $where: 1 })) }),
  'operators deep in a document': find({ [LONG]: { $in: [fields(30_000, { $x: 1 })] } }),
  'wrappers that do not read': find({ a: { $in: many(50_000, () => ({ $oid: 1 })) } }),
  'segments that are none': get({ path: many(180_000, () => null) }),
  'segments that may not be': get({ path: many(100, () => '%2e%2e/'.repeat(1200)) }),
  'a path of escapes': get({ path: '%41'.repeat(300_000) }),
  'query values that are none': get({ query: { a: many(250_000, () => ({})) } }),
  'headers that are not allowed': get({ headers: fields(80_000, '') }),
  'a key of escapes': kv({ source: 'photos', op: 'getObject', params: { key: '%2e'.repeat(300_000) } }),
  'a date of a megabyte': kv({
    source: 'photos',
    op: 'getObject',
    params: { key: 'x', ifModifiedSince: '('.repeat(900_000) },
  }),
  'lone surrogates below a long key': below([LONG], `[${many(50_000, () => '"\\ud800"').join()}]`),
  'numbers below long keys of escapes': below(
    many(20, () => '\n'.repeat(10_000)),
    `[${many(25_000, () => '9007199254740993').join()}]`,
  ),
};

function refusal(body: string): BadRequest | undefined {
  try {
    plan('kv', atOnce(readBody(Buffer.from(body), config.limits, new Work(Infinity))), {
      sources: opened.sources,
      limits: config.limits,
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    return error;
  }
}

describe('a body full of faults', () => {
  it.each(Object.entries(bodies))('%s: is refused quickly, and in few words', (_, body) => {
    expect(body.length).toBeLessThanOrEqual(config.limits.bodyBytes);
    const times = many(3, () => {
      const began = processorMs();
      refusal(body);
      return processorMs() - began;
    });
    const { errors } = refusal(body) as BadRequest;
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.length).toBeLessThanOrEqual(100);
    for (const { pointer, detail } of errors) {
      expect(pointer.length).toBeLessThanOrEqual(1024);
      expect(detail.length).toBeLessThanOrEqual(512);
      expect(() => decodeURIComponent(pointer)).not.toThrow();
    }
    expect(Math.min(...times)).toBeLessThan(400);
  });
});
