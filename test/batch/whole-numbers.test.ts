import { afterAll, describe, expect, it } from 'vitest';
import { BadRequest } from '../../src/json/fault-list.ts';
import { openSources, parseConfig } from '../configured.ts';
import { plan } from '../plan.ts';

const config = parseConfig({
  sources: {
    shop: { adapter: 'mongo', url: 'mongodb://127.0.0.1:1', database: 'shop', collections: ['users'] },
    photos: { adapter: 's3', bucket: 'photos', endpoint: 'http://127.0.0.1:1' },
    catalog: { adapter: 'rest', url: 'http://127.0.0.1:1/' },
  },
});
const opened = await openSources(config);
afterAll(() => opened[Symbol.asyncDispose]());

const users = { collection: 'users' };
const find = { source: 'shop', op: 'find', params: users };
const get = { source: 'catalog', op: 'get' };
const race = { pattern: 'first-reply', queries: [get] };
const one = (query: object) => ({ queries: { q: query } });
const photos = (op: string, params: object) => one({ source: 'photos', op, params });

/** Where a whole number stands in a request, each with the body that has it there. */
const PLACES: Record<string, (number: number) => object> = {
  timeoutMs: (timeoutMs) => ({ timeoutMs, queries: {} }),
  'queries/q/timeoutMs': (timeoutMs) => one({ ...get, timeoutMs }),
  'queries/q/maxAgeMs': (maxAgeMs) => one({ ...get, maxAgeMs }),
  'queries/q/concurrency': (concurrency) => one({ ...get, forEach: [1], concurrency }),
  'queries/q/take': (take) => one({ ...race, take }),
  'queries/q/hedgeMs': (hedgeMs) => one({ ...race, take: 1, hedgeMs }),
  'queries/q/params/limit': (limit) => one({ ...find, params: { ...users, limit } }),
  'queries/q/params/skip': (skip) => one({ ...find, params: { ...users, skip } }),
  'queries/q/params/batchSize': (batchSize) => one({ ...find, params: { ...users, batchSize } }),
  'queries/q/params/collation/strength': (strength) =>
    one({ ...find, params: { ...users, collation: { locale: 'en', strength } } }),
  'queries/q/params/limit of s3': (limit) => photos('listObjects', { limit }),
  'queries/q/params/expiresInSeconds': (expiresInSeconds) => photos('presignGetObject', { key: 'a', expiresInSeconds }),
};

const NUMBERS = [-1, 0, 0.5, 1, 1.5, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1, 2 ** 53, 1e16, 1e300];

/** What is told of one place, once; nothing where the number may stand there. */
function toldAt(place: string, number: number): string | undefined {
  try {
    plan('kv', PLACES[place]!(number), { sources: opened.sources, limits: config.limits });
    return undefined;
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    const pointer = `#/${place.replace(/ .*/, '')}`;
    expect(error.errors.map((fault) => fault.pointer)).toEqual([pointer]);
    return error.errors[0]?.detail;
  }
}

/** Whether the words of a fault allow a number. */
function isAllowed(detail: string, number: number): boolean {
  const [, least, from, most = Infinity] =
    /^a whole number (?:of at least (-?\d+)|from (-?\d+) to (\d+))(?:, or a reference,)? is allowed here$/.exec(
      detail,
    ) ?? [];
  const bound = least ?? from;
  if (bound !== undefined) return Number.isInteger(number) && number >= Number(bound) && number <= Number(most);
  const atMost = /^at most ([\d,]+)/.exec(detail)?.[1]?.replaceAll(',', '');
  if (atMost !== undefined) return number <= Number(atMost);
  expect(detail).toBe('take is more than there are queries');
  return number <= 1;
}

describe.each(Object.keys(PLACES))('a whole number at %s', (place) => {
  it.each(NUMBERS)('that is %d is refused only by words that do not allow it', (number) => {
    const detail = toldAt(place, number);
    if (detail !== undefined) expect(isAllowed(detail, number), detail).toBe(false);
  });
});

it.each(['timeoutMs', 'queries/q/timeoutMs', 'queries/q/maxAgeMs'])('%s has no most', (place) => {
  for (const number of [2 ** 53, 1e16, 1e300]) expect(toldAt(place, number)).toBeUndefined();
});
