import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../../demo/config.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { unpack } from '../encodings/unpack.ts';
import { startFlow } from '../flow.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { asked, type Service, startService, until } from '../service.ts';
import { askBytes, type Bytes, incomplete } from '../endpoints/bytes.ts';

const COUNT = 30;

let stores: Stores;
let store: ScriptedStore;
let service: Service;
/** What the answer reads until the test ends it. */
let long: ServerResponse | undefined;
beforeAll(async () => {
  stores = await startStores();
  for (let at = 0; at < COUNT; at += 1) await stores.putObject('files', `many/${at}.txt`, `${at}`);
  store = await startScripted((_path, response) => {
    long = response;
    response.setHeader('content-type', 'application/json').write('"long');
  });
  const breaker = { ratio: 0.01, calls: 10, openMs: 50 };
  const often = { breaker, retry: { perSecond: 100 } };
  const { files } = demoConfig(stores).sources;
  service = await startService({
    stores,
    sources: {
      long: { adapter: 'rest', url: store.url },
      files: often,
      catalog: often,
      scarce: { ...files, breaker: false, retry: { budget: 0, perSecond: 0.2 } },
      never: { ...files, breaker, retry: false },
    },
  });
});
afterAll(async () => {
  await service.close();
  await stores.close();
  await store.close();
});
afterEach(async () => {
  long = undefined;
  await recover();
});

const item = { $item: '' };
const object = { source: 'files', op: 'getObject', params: { key: { $join: ['many/', item, '.txt'] } } };
const page = { source: 'catalog', op: 'get', params: { path: '/big', query: { bytes: 10, item } } };
const list = { source: 'files', op: 'listObjects', params: { prefix: 'many/' }, stream: true };
const numbers = Array.from({ length: COUNT }, (_, at) => at);
const each = (one: object) => ({ forEach: numbers, ...one });
const race = (...queries: object[]) => ({ pattern: 'first-reply', take: 1, queries });
const written = numbers.map((at) => ({ ...object, params: { key: `many/${at}.txt` } }));
const first = { source: 'long', op: 'get', params: { path: '/' }, as: 'long' };

/** The stores fail; what it resolves to waits until all that asks them ahead of its turn has done so. */
async function fail(): Promise<() => Promise<unknown>> {
  const before = await asked(stores);
  for (const name of ['s3', 'rest']) await stores.addFault({ store: name, fault: { kind: 'fail', status: 500 } });
  const rests = async (): Promise<boolean> => {
    const now = await asked(stores);
    await pause(50);
    return now > before && now === (await asked(stores));
  };
  return () => until(rests, 'the stores are asked no more', 10_000);
}

/** The stores answer again, and no circuit is open. */
async function recover(): Promise<void> {
  await stores.clearFaults();
  const probes = {
    a: { source: 'files', op: 'headObject', params: { key: 'many/0.txt' } },
    b: { source: 'never', op: 'headObject', params: { key: 'many/0.txt' } },
    c: { source: 'catalog', op: 'get', params: { path: '/big', query: { bytes: 1 } } },
  };
  await until(async () => (await service.kv(probes)).complete, 'the stores answer', 10_000);
}

/** Asks for an archive, whose first entry is read until the test ends it. */
async function begin(queries: readonly object[]): Promise<Bytes> {
  const answer = await askBytes(`${service.url}/ordered`, { queries: [first, ...queries] }, 'application/zip');
  expect(answer.status).toBe(200);
  return answer;
}

/** The same while the stores fail, which all that is asked ahead of its turn has seen by then. */
async function beginInOutage(queries: readonly object[]): Promise<Bytes> {
  const rested = await fail();
  const answer = await begin(queries);
  await rested();
  return answer;
}

async function filesOf(answer: Bytes): Promise<Map<string, Buffer>> {
  long?.end('"');
  return unpack('zipfile', await answer.read());
}

describe('an outage while an archive reads what comes before', () => {
  /** How many files, of how many queries. */
  const kinds: [string, number, number, readonly object[]][] = [
    ['objects', COUNT, COUNT, [each(object)]],
    ['objects written out', COUNT, COUNT, written],
    ['bodies', COUNT, COUNT, [each(page)]],
    ['both', 2 * COUNT, 2 * COUNT, [each(page), each(object)]],
    ['objects in groups', COUNT, COUNT, [each({ pattern: 'kv', queries: { object } })]],
    ['objects and bodies in groups', 2 * COUNT, 2 * COUNT, [each({ pattern: 'ordered', queries: [object, page] })]],
    ['races of objects', COUNT, 2 * COUNT, [each(race(object, object))]],
    ['races of bodies', COUNT, 2 * COUNT, [each(race(page, page))]],
    ['races one by one', COUNT, 3 * COUNT, [each({ ...race(page, page, page), hedgeMs: 10 })]],
  ];

  it.each(kinds)('that is over when their turn comes leaves all %s there', async (_, count, __, queries) => {
    const answer = await beginInOutage(queries);
    await recover();
    const files = await filesOf(answer);
    expect(String(files.get('_INCOMPLETE.json') ?? 'all is there')).toBe('all is there');
    expect(files.size).toBe(count + 1);
  });

  it.each(kinds)('that lasts is told of all %s, soon', async (_, __, all, queries) => {
    const answer = await beginInOutage(queries);
    const began = performance.now();
    const files = await filesOf(answer);
    expect(performance.now() - began).toBeLessThan(5000);
    expect([...files.keys()].toSorted()).toEqual(['_INCOMPLETE.json', 'long']);
    expect(incomplete(files).errors).toHaveLength(all);
  });

  it('takes from the retries of the source, and gives up without', async () => {
    const answer = await beginInOutage([each({ ...object, source: 'scarce' })]);
    await recover();
    const { errors } = incomplete(await filesOf(answer));
    // Those that run at a time have used them up.
    expect(errors.map(({ path }) => path)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((at) => `/1/${at}`));
    expect(errors.every(({ error }) => error.code === 'UNAVAILABLE')).toBe(true);
  });

  it('is asked about again where the store never was, though its source is asked but once', async () => {
    const answer = await beginInOutage([each({ ...object, source: 'never' })]);
    await recover();
    const { errors } = incomplete(await filesOf(answer));
    // Those that were under way when its circuit opened.
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.length).toBeLessThan(20);
    expect(errors.every(({ error }) => error.code === 'UNAVAILABLE')).toBe(true);
  });

  it('asks nobody again who was too slow, so that a store that stalls takes no longer in its turn', async () => {
    const before = await asked(stores);
    await stores.addFault({ store: 's3', fault: { kind: 'stall' } });
    const answer = await begin([each({ ...object, timeoutMs: 100 })]);
    const { errors } = incomplete(await filesOf(answer));
    expect(errors.map(({ error }) => error.code)).toEqual(numbers.map(() => 'TIMEOUT'));
    expect((await asked(stores)) - before).toBe(COUNT);
  });

  it('loses no list that flows', async () => {
    const rested = await fail();
    const body = { queries: [{ ...first, stream: false }, ...Array.from({ length: 20 }, () => list)] };
    const asking = startFlow(`${service.url}/ordered`, body, { accept: 'application/x-ndjson' });
    await until(() => long !== undefined, 'the first one is asked');
    await rested();
    await recover();
    long!.end('"');
    const frames = await (await asking).rest();
    expect(frames.at(-1)).toMatchObject({ event: 'end', complete: true, counts: { ok: 21 } });
  });
});
