import { describe, expect, it } from 'vitest';
import type { Merger, Point } from '../../../adapters/adapter.ts';
import type { Layer } from '../../../src/sources/layer.ts';
import { cache } from '../../../src/sources/layers/cache.ts';
import { coalesce } from '../../../src/sources/layers/coalesce.ts';
import { merge } from '../../../src/sources/layers/merge.ts';
import type { Query } from '../../../src/store/fetch.ts';
import { Placeholder } from '../../../src/store/placeholder.ts';
import { TypedValue } from '../../../src/store/typed-value.ts';
import { context, NOBODY } from '../../adapters/source.ts';

interface KeyPoint extends Point {
  readonly key: unknown;
}

/** Reads by `key`, of which one query bears 200,000 characters. */
const merger: Merger<KeyPoint> = {
  pointOf({ params }: Query): KeyPoint {
    const { key } = params as { key: unknown };
    return { group: '', most: 9, chars: typeof key === 'string' ? key.length : 0, mostChars: 200_000, key };
  },
  merged: (points) => ({ op: 'many', params: points.map(({ key }) => key), want: 'value' }),
  split: () => ({ of: () => new TypedValue(1) }),
};

const KEEPING = { ttlMs: 1000, staleMs: 0, notFoundMs: 0, maxBytes: 2 ** 24 };
/** Those layers that make one call of several, and how many of two queries they make one of. */
const LAYERS: Record<string, () => Layer> = {
  cache: () => cache({ name: 'shop', timeoutMs: 2000, concurrency: 8, cache: KEEPING }),
  coalesce: () => coalesce(9000),
  merge: () => merge(merger),
};

/** How many calls two equal queries come to: of a cache one after the other, else both at once. */
async function callsOf(layer: Layer, query: Query, headers: Record<string, string>): Promise<number> {
  let calls = 0;
  const fetch = layer.wrap(async ({ want }) => {
    calls += 1;
    await new Promise(setImmediate);
    return want === 'value' ? new TypedValue([1]) : { kind: 'items', items: (async function* () {})() };
  });
  const ask = () => fetch({ ...query }, context({ caller: { headers } }));
  if (layer.name === 'cache') await ask();
  await Promise.all(layer.name === 'cache' ? [ask()] : [ask(), ask()]);
  return calls;
}

const LONG = 'x'.repeat(70_000);

describe.each(Object.keys(LAYERS))('what %s tells that it does', (name) => {
  it.each<[string, unknown, readonly string[], Record<string, string>?, Query['want']?]>([
    ['small', 'a', ['cache', 'coalesce', 'merge']],
    ['large', 'x'.repeat(60_000), ['cache', 'coalesce', 'merge']],
    ['too large to be compared', LONG, ['merge']],
    ['too large in its bytes', '€'.repeat(30_000), ['merge']],
    ['too large in its pieces', Array.from({ length: 40_000 }, () => 1), ['merge']],
    ['so large that it leaves no room beside it', 'x'.repeat(200_000), []],
    ['asked by who is too large to be compared', 'a', [], { cookie: LONG }],
    ['too large only together with who asks', 'x'.repeat(40_000), ['merge'], { cookie: 'x'.repeat(40_000) }],
    ['of what flows', 'a', [], {}, 'items'],
  ])('is what it does for a query that is %s', async (_what, key, does, headers = {}, want = 'value') => {
    const query: Query = { op: 'get', params: { key }, want };
    const layer = LAYERS[name]!();
    const isTold = layer.bounds?.(query, { headers }) !== undefined;
    expect([isTold, await callsOf(layer, query, headers)]).toEqual(does.includes(name) ? [true, 1] : [false, 2]);
  });

  it.each<[string, object, readonly string[]]>([
    ['nothing more', {}, ['cache', 'coalesce', 'merge']],
    ['what is too large to be compared', { more: LONG }, ['merge']],
    ['what is too large, before it', { before: LONG, key: new Placeholder('$item') }, ['merge']],
    [
      'a text around it that is too large',
      { key: new Placeholder('$join', [LONG, new Placeholder('$item')]) },
      ['merge'],
    ],
    [
      'a text around it',
      { key: new Placeholder('$join', ['a', new Placeholder('$item')]) },
      ['cache', 'coalesce', 'merge'],
    ],
  ])('of a query that is planned depends on what is known: a reference, and %s', (_what, more, does) => {
    const params = { key: new Placeholder('$result'), ...more };
    expect(LAYERS[name]!().bounds?.({ op: 'get', params, want: 'value' }, NOBODY) !== undefined).toBe(
      does.includes(name),
    );
  });
});
