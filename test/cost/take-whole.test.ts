import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { unpack } from '../encodings/unpack.ts';
import { startFlow } from '../flow.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { type Service, startService } from '../service.ts';
import { askBytes } from '../endpoints/bytes.ts';

/** How many calls of each source may be under way, and how many of them may flow. */
const PLACES = 8;
const FLOWING = 6;
/** How long a busy machine may take. */
const PATIENCE_MS = 5000;
/** A short time for a batch, and longer than that. */
const SHORT_MS = 1200;
const LONG_MS = 1500;

let stores: Stores;
let store: ScriptedStore;
let service: Service;
/** How many are asked for something to gather, and the most of them. */
let asking = 0;
let most = 0;
beforeAll(async () => {
  stores = await startStores();
  store = await startScripted((path, response) => {
    const [, what = '', ms = 0] = path.split('/');
    const said = what === 'said' ? 1 : 0;
    asking += said;
    most = Math.max(most, asking);
    response.setHeader('content-type', 'text/plain').write(what);
    void pause(Number(ms)).then(() => {
      asking -= said;
      response.end();
    });
  });
  const own = { concurrency: PLACES, timeoutMs: PATIENCE_MS };
  service = await startService({
    stores,
    sources: { shop: own, scripted: { adapter: 'rest', url: store.url, ...own } },
  });
});
afterAll(async () => {
  await service.close();
  await stores.close();
  await store.close();
});
beforeEach(() => {
  most = 0;
});

const list = { source: 'shop', op: 'find', params: { collection: 'users', sort: { _id: 1 } }, stream: true };
const text = (path: unknown) => ({ source: 'scripted', op: 'get', params: { path } });
const times = (count: number, query: object) => Array.from({ length: count }, () => query);
const each = (count: number, query: object, concurrency = 8) => ({
  ...query,
  forEach: Array.from({ length: count }, (_, at) => at),
  concurrency,
});
const group = (...queries: object[]) => ({ pattern: 'ordered', queries });
const take = (count: number, ...queries: object[]) => ({ pattern: 'first-reply', take: count, queries });
/** A group as what is posted: JSON leaves out what is undefined. */
interface Batch {
  readonly queries: object;
  readonly take?: number;
}

/** More than there are places. */
const MANY = 2 * PLACES;

describe.each(['application/x-ndjson', 'text/event-stream'])('lists below a take: %s', (accept) => {
  it.each([
    ['of a forEach', '/first-reply', take(1, each(MANY, list))],
    ['of a forEach, beside another query', '/first-reply', take(2, each(MANY, list), text('/a'))],
    ['of a group', '/first-reply', take(1, group(...times(MANY, list)))],
    ['of groups of a forEach', '/first-reply', take(1, each(MANY, group(list, text('/said'))))],
    ['of a group in a group', '/first-reply', take(1, group(group(...times(MANY, list))))],
    ['of a nested take', '/ordered', group(take(2, each(MANY, list), text('/a')))],
    ['of a take in a take', '/first-reply', take(2, take(2, list, each(MANY, list)), text('/a'))],
  ])('that are told only as a whole are gathered: %s', async (_what, path, batch: Batch) => {
    const { queries, take } = batch;
    const body = { queries, take, timeoutMs: PATIENCE_MS };
    const frames = await (await startFlow(service.url + path, body, { accept })).rest();
    expect(frames.at(-1)).toMatchObject({ event: 'end', complete: true });
    expect(frames.filter(({ event }) => event === 'item')).toEqual([]);
    expect(frames.filter(({ value }) => Array.isArray(value)).length).toBeGreaterThanOrEqual(MANY);
  });

  it('that are members of it flow', async () => {
    const body = { take: 2, queries: [list, list] };
    const frames = await (await startFlow(`${service.url}/first-reply`, body, { accept })).rest();
    expect(frames.filter(({ items }) => items === 5)).toHaveLength(2);
  });
});

describe('bodies that a take tells only as a whole', () => {
  const few = each(FLOWING, text('/a'));
  const long = text(`/long/${LONG_MS}`);

  /** How an archive ends, how many entries it has, and how long that takes. */
  async function zip(path: string, { queries, take }: Batch, timeoutMs = SHORT_MS) {
    const began = performance.now();
    const answer = await askBytes(service.url + path, { queries, take, timeoutMs }, 'application/zip');
    const bytes = answer.status === 200 ? await answer.read().catch(() => undefined) : undefined;
    return {
      ms: performance.now() - began,
      entries: bytes && [...(await unpack('unzip', bytes)).keys()].filter((name) => name !== '_INCOMPLETE.json').length,
      isComplete: bytes !== undefined && !bytes.includes('_INCOMPLETE.json'),
    };
  }

  it.each([
    ['of a forEach', '/first-reply', take(2, few, text('/a')), FLOWING + 1],
    ['of a group', '/first-reply', take(1, group(...times(FLOWING, text('/a')))), FLOWING],
    ['of groups of a forEach', '/first-reply', take(1, each(FLOWING, group(text('/a')), 1)), FLOWING],
    ['whose turn comes late', '/ordered', group(long, take(2, few, text('/b')), take(1, few)), FLOWING + 3],
  ])('are there, however many at a time an archive opens else: %s', async (_what, path, batch, entries) => {
    expect(await zip(path, batch)).toMatchObject({ entries, isComplete: true });
  });

  it.each([
    ['of a forEach', each(MANY, text('/a'), 1)],
    ['of a group', group(...times(MANY, text('/a')))],
    ['of groups of a forEach', each(MANY, group(text('/a')), 1)],
    ['of a forEach in a group', group(each(MANY, text('/a'), 1))],
    ['of a race beside them', group(take(1, text('/a')), each(MANY, text('/a'), 1))],
  ])(
    'and never can be there together end with the time of the batch, not with that of each: %s',
    async (_what, one) => {
      const { ms, isComplete } = await zip('/first-reply', take(2, text('/told'), one));
      expect(isComplete).toBe(false);
      expect(ms).toBeLessThan(3 * SHORT_MS);
    },
  );

  it('and never can be there together have that time from the turn of the take on', async () => {
    const { ms, isComplete } = await zip('/ordered', group(long, take(2, text('/told'), each(MANY, text('/a'), 1))));
    expect(isComplete).toBe(false);
    expect(ms).toBeLessThan(LONG_MS + 3 * SHORT_MS);
  });

  it('are items of a forEach of which no more than its concurrency ask at a time', async () => {
    const item = {
      pattern: 'kv',
      queries: { said: { ...text(['said', '20', { $item: '' }]), select: '' }, body: text('/a') },
    };
    expect(await zip('/first-reply', take(1, each(FLOWING, item, 2)), PATIENCE_MS)).toMatchObject({ isComplete: true });
    expect(most).toBe(2);
  });
});
