import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { unpack } from '../encodings/unpack.ts';
import { type Service, startService } from '../service.ts';
import { askBytes, incomplete } from '../endpoints/bytes.ts';

const SIZES = [0, 10, 65_536, 300_000];

let stores: Stores;
let service: Service;
beforeAll(async () => {
  stores = await startStores();
  for (const size of SIZES) await stores.putSynthetic('files', `sized/${size}`, size);
  service = await startService({ stores });
});
afterAll(async () => {
  await service.close();
  await stores.close();
});

interface Leaf {
  readonly kind: 'object' | 'page' | 'late' | 'missing' | 'number';
  readonly size: number;
}
interface Group {
  readonly pattern: 'kv' | 'ordered' | 'first-reply';
  readonly members: readonly Tree[];
  readonly take: number | undefined;
  readonly hedgeMs: number | undefined;
  /** A forEach of so many items, of which so many run at a time. */
  readonly each: { readonly items: number; readonly concurrency: number } | undefined;
}
type Tree = Leaf | Group;

const leaf = fc.record({
  kind: fc.constantFrom<Leaf['kind']>('object', 'object', 'page', 'page', 'late', 'missing', 'number'),
  size: fc.constantFrom(...SIZES),
});
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    { arbitrary: leaf, weight: 3 },
    {
      arbitrary: fc
        .record({
          pattern: fc.constantFrom<Group['pattern']>('kv', 'ordered', 'first-reply'),
          members: fc.array(tie('tree'), { minLength: 1, maxLength: 5 }),
          take: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
          hedgeMs: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
          each: fc.option(fc.record({ items: fc.integer({ min: 1, max: 3 }), concurrency: fc.constantFrom(1, 2) }), {
            nil: undefined,
            freq: 3,
          }),
        })
        .map(({ take, hedgeMs, ...group }): Group => {
          const takes = group.pattern === 'first-reply' && take !== undefined && take <= group.members.length;
          return { ...group, take: takes ? take : undefined, hedgeMs: takes ? hedgeMs : undefined };
        }),
      weight: 2,
    },
  ),
}));
const pattern = fc.constantFrom<Group['pattern']>('kv', 'ordered', 'first-reply');

function queryOf(one: Tree): object {
  if ('members' in one) return { pattern: one.pattern, ...groupOf(one) };
  const { kind, size } = one;
  if (kind === 'object') return { source: 'files', op: 'getObject', params: { key: `sized/${size}` } };
  if (kind === 'missing') return { source: 'files', op: 'getObject', params: { key: 'nowhere' } };
  if (kind === 'number') return { source: 'shop', op: 'countDocuments', params: { collection: 'users' } };
  const query = { bytes: size, ...(kind === 'late' && { after: { $result: '/slow/ms' } }) };
  return { source: 'catalog', op: 'get', params: { path: '/big', query } };
}

function groupOf({ pattern, members, take, hedgeMs, each }: Group): object {
  const queries = members.map(queryOf);
  return {
    queries: pattern === 'kv' ? Object.fromEntries(queries.map((query, at) => [`k${at}`, query])) : queries,
    ...(take !== undefined && { take }),
    ...(hedgeMs !== undefined && { hedgeMs }),
    ...(each && { forEach: Array.from({ length: each.items }, (_, at) => at), concurrency: each.concurrency }),
  };
}

/** Where each leaf stands, and its size; undefined where a `take` lets some of them go. */
function leavesOf(one: Tree, path: readonly string[] = []): [string, Leaf][] | undefined {
  if (!('members' in one)) return [[path.join('/'), one]];
  if (one.take !== undefined) return undefined;
  const places = one.each ? Array.from({ length: one.each.items }, (_, at) => [...path, `${at}`]) : [path];
  const below = places.flatMap((place) =>
    one.members.map((member, at) => leavesOf(member, [...place, one.pattern === 'kv' ? `k${at}` : `${at}`])),
  );
  return below.every((leaves) => leaves !== undefined) ? below.flat() : undefined;
}

function rootOf(pattern: Group['pattern'], members: readonly Tree[]): Group {
  return { pattern, members, take: undefined, hedgeMs: undefined, each: undefined };
}

/** Rejects after so long that nothing can be under way any more. */
async function stuck(): Promise<never> {
  await pause(8000, undefined, { ref: false });
  throw new Error('the archive does not end');
}

it('a batch of any shape is an archive of all its replies, and never waits for itself', async () => {
  await fc.assert(
    fc.asyncProperty(pattern, fc.array(tree, { minLength: 1, maxLength: 5 }), async (top, members) => {
      const slow = { source: 'catalog', op: 'get', params: { path: '/slow', query: { ms: 20 } }, hidden: true };
      const { queries } = groupOf(rootOf(top, members)) as { queries: object };
      const all = Array.isArray(queries) ? [...(queries as object[]), { ...slow, as: 'slow' }] : { ...queries, slow };
      const answer = await askBytes(`${service.url}/${top}`, { queries: all, timeoutMs: 10_000 }, 'application/zip');
      const bytes = await Promise.race([answer.read(), stuck()]);
      const leaves = leavesOf(rootOf(top, members));
      if (answer.status !== 200) {
        // Nothing at all to read, and something failed.
        expect(answer.status).toBe(404);
        expect(leaves?.every(([, { kind }]) => kind === 'missing') ?? true).toBe(true);
        return;
      }
      const files = await unpack('unzip', bytes);
      const errors = files.has('_INCOMPLETE.json') ? incomplete(files).errors : [];
      expect(errors.filter(({ cut }) => cut)).toEqual([]);
      if (!leaves) return;
      const there = leaves.filter(([, { kind }]) => kind !== 'missing');
      const missing = leaves.filter(([, { kind }]) => kind === 'missing').map(([path]) => `/${path}`);
      const sizes = [...files]
        .filter(([name]) => name !== '_INCOMPLETE.json')
        .map(([name, { length }]) => [name.replace(/\.\w+$/, ''), length]);
      expect(new Map(sizes as [string, number][])).toEqual(
        new Map(there.map(([path, { kind, size }]) => [path, kind === 'number' ? 1 : size])),
      );
      expect(errors.map(({ path }) => path).toSorted()).toEqual(missing.toSorted());
    }),
    { numRuns: Number(process.env['RUNS'] ?? 30) },
  );
}, 60_000);

it('ends, and tells of each query once, where stores fail for a while', async () => {
  const fails = fc.integer({ min: 1, max: 30 });
  await fc.assert(
    fc.asyncProperty(pattern, fc.array(tree, { minLength: 1, maxLength: 5 }), fails, async (top, members, times) => {
      for (const store of ['s3', 'rest']) await stores.addFault({ store, times, fault: { kind: 'fail', status: 503 } });
      const { queries } = groupOf(rootOf(top, members)) as { queries: object };
      const slow = { source: 'shop', op: 'countDocuments', params: { collection: 'users' }, select: '', hidden: true };
      const all = Array.isArray(queries) ? [...(queries as object[]), { ...slow, as: 'slow' }] : { ...queries, slow };
      const text = JSON.stringify({ queries: all, timeoutMs: 10_000 }).replaceAll('/slow/ms', '/slow');
      const answer = await askBytes(`${service.url}/${top}`, text, 'application/zip');
      const bytes = await Promise.race([answer.read(), stuck()]);
      await stores.clearFaults();
      const leaves = leavesOf(rootOf(top, members));
      if (answer.status !== 200 || !leaves) return;
      const files = await unpack('unzip', bytes);
      const errors = files.has('_INCOMPLETE.json') ? incomplete(files).errors : [];
      const there = [...files.keys()].filter((name) => name !== '_INCOMPLETE.json');
      expect(
        [
          ...there.map((name) => `/${name.replace(/\.\w+$/, '')}`),
          ...errors.filter(({ entry }) => entry === null).map(({ path }) => path),
        ].toSorted(),
      ).toEqual(leaves.map(([path]) => `/${path}`).toSorted());
    }),
    { numRuns: Number(process.env['RUNS'] ?? 30) },
  );
}, 60_000);
