import { request } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { unpack } from '../encodings/unpack.ts';
import { startService, type Service, until } from '../service.ts';

let stores: Stores;
let service: Service;
beforeAll(async () => {
  stores = await startStores();
  await stores.putSynthetic('files', 'broken/film.bin', 2_000_000);
  await stores.putObject('files', 'broken/other.txt', 'other', { contentType: 'text/plain' });
  service = await startService({ stores });
});
beforeEach(() =>
  stores.addFault({
    store: 's3',
    match: 'GetObject broken/film.bin',
    times: 20,
    fault: { kind: 'cut', afterBytes: 500_000 },
  }),
);
afterEach(() => stores.clearFaults());
afterAll(async () => {
  await service.close();
  await stores.close();
});

const file = (key: string, more: object = {}) => ({ source: 'files', op: 'getObject', params: { key }, ...more });
const [film, other] = [file('broken/film.bin'), file('broken/other.txt', { as: 'other.txt' })];

async function zipOf(path: string, body: object, { url } = service): Promise<Map<string, Buffer>> {
  const { statusCode, body: bytes } = await request(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/zip' },
    body: JSON.stringify(body),
  });
  expect(statusCode).toBe(200);
  return unpack('zipfile', Buffer.from(await bytes.arrayBuffer()));
}

const told = (files: Map<string, Buffer>) => JSON.parse(String(files.get('_INCOMPLETE.json'))).errors;

describe('a body that breaks while it is written', () => {
  it('costs its own entry alone, in a group or a forEach', async () => {
    const files = await zipOf('/kv', {
      queries: {
        list: { source: 'files', op: 'listObjects', params: { prefix: 'broken/' }, hidden: true },
        each: {
          forEach: { $result: '/list/objects/*/key' },
          required: true,
          ...file('', { params: { key: { $item: '' } } }),
        },
        group: { pattern: 'ordered', queries: [film, other] },
      },
    });
    expect([...files.keys()].toSorted()).toEqual([
      '_INCOMPLETE.json',
      'each/0.bin',
      'each/1.txt',
      'group/0.bin',
      'other.txt',
    ]);
    expect(told(files)).toMatchObject([
      { path: '/each/0', entry: 'each/0.bin', cut: true },
      { path: '/group/0', entry: 'group/0.bin', cut: true },
    ]);
  });

  it('fails the group that requires it: what that had not written is cancelled, what stands beside it is there', async () => {
    const files = await zipOf('/ordered', {
      queries: [
        { pattern: 'ordered', queries: [{ ...film, required: true }, file('broken/other.txt', { as: 'late.txt' })] },
        other,
      ],
    });
    expect([...files.keys()].toSorted()).toEqual(['0/0.bin', '_INCOMPLETE.json', 'other.txt']);
    expect(told(files)).toMatchObject([
      { path: '/0/0', entry: '0/0.bin', cut: true },
      { path: '/0/1', entry: null, cut: false, error: { code: 'CANCELLED' } },
    ]);
  });

  it('fails the batch where all around it are required', async () => {
    const group = { pattern: 'kv', required: true, queries: { film: { ...film, required: true } } };
    await expect(zipOf('/ordered', { queries: [group, other] })).rejects.toThrow();
  });

  it('is no whole winner of a take', async () => {
    const files = await zipOf('/first-reply', { take: 1, queries: [film] });
    expect(told(files)).toMatchObject([{ path: '/0', entry: '0.bin', cut: true }]);
  });

  it('is told of where the winner of a take is the group it stands in', async () => {
    const files = await zipOf('/first-reply', { take: 1, queries: [{ pattern: 'ordered', queries: [film, other] }] });
    expect(told(files)).toMatchObject([{ path: '/0/0', entry: '0/0.bin', cut: true }]);
  });
});

describe('the winner of a take', () => {
  const race = (...queries: object[]) => ({ pattern: 'first-reply', take: 1, queries });

  it.each([
    ['of the whole', '/first-reply', { take: 1, queries: [film] }, '0.bin'],
    ['that is nested', '/kv', { queries: { a: race(film) } }, 'a.bin'],
    ['and of one in it', '/kv', { queries: { a: race(race(film)) } }, 'a.bin'],
    ['that is a group', '/first-reply', { take: 1, queries: [{ pattern: 'kv', queries: { film } }] }, '0/film.bin'],
  ])('%s is read to its end', async (_which, path, body, name) => {
    await stores.clearFaults();
    const files = await zipOf(path, body);
    expect(Array.from(files, ([file, { length }]) => [file, length])).toEqual([[name, 2_000_000]]);
  });

  it('is taken up again where it breaks', async () => {
    await stores.clearFaults();
    // Nobody else has used up its retries.
    const own = await startService({ stores });
    try {
      for (const afterBytes of [30_000, 500_000]) {
        const fault = { kind: 'cut', afterBytes } as const;
        await stores.addFault({ store: 's3', match: 'GetObject broken/film.bin', times: 1, fault });
        const files = await zipOf('/first-reply', { take: 1, queries: [film] }, own);
        expect(Array.from(files, ([file, { length }]) => [file, length])).toEqual([['0.bin', 2_000_000]]);
      }
    } finally {
      await own.close();
    }
  });

  it('ends what is still read of the beginning of another', async () => {
    await stores.clearFaults();
    const fault = { kind: 'drip', bytesPerSecond: 500 } as const;
    await stores.addFault({ store: 's3', match: 'GetObject broken/film.bin', fault });
    const running = async () => (await stores.stats()).s3.running;
    const late = { source: 'catalog', op: 'get', params: { path: '/slow', query: { ms: 1500 } }, as: 'late.json' };
    const raced = { pattern: 'first-reply', take: 1, queries: [film, other], hedgeMs: 300 };
    let isWritten = false;
    const files = zipOf('/ordered', { queries: [raced, late] }).finally(() => (isWritten = true));
    await until(async () => (await running()) === 1, 'the slow one is being read');
    await until(async () => (await running()) === 0, 'nobody reads it any more');
    expect(isWritten).toBe(false);
    expect([...(await files).keys()]).toEqual(['0.txt', 'late.json']);
  });
});

it('a failure beside a take that was reached is not missed', async () => {
  const files = await zipOf('/first-reply', { take: 1, queries: [file('not-there.bin'), other], hedgeMs: 5000 });
  expect([...files.keys()]).toEqual(['other.txt']);
});
