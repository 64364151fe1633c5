import dns from 'node:dns';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { fetchKeySet } from '../../src/callers/fetch-key-set.ts';
import { joinedLookup } from '../../src/ground/joined-lookup.ts';
import { Who } from '../../src/sources/call.ts';
import { bounds } from '../adapters/source.ts';
import { openSources, parseConfig } from '../configured.ts';
import { DEMO_CREDENTIALS } from '../../demo/credentials.ts';

type Look = (hostname: string, options: dns.LookupOptions, done: (...found: unknown[]) => void) => void;

/** Lookups that are under way, and stay so until they are answered. */
const asked: { readonly hostname: string; readonly answer: (...found: unknown[]) => void }[] = [];

const NOT_FOUND = Object.assign(new Error('no'), { code: 'ENOTFOUND' });

beforeEach(() => {
  const look: Look = (hostname, _options, answer) => void asked.push({ hostname, answer });
  vi.spyOn(dns, 'lookup').mockImplementation(look as never);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  asked.splice(0);
});

const found = (hostname: string, options: dns.LookupOptions = {}) =>
  new Promise((resolve, reject) =>
    joinedLookup(hostname, options, (error, address, family) => {
      if (error) reject(error);
      else resolve([address, family]);
    }),
  );

it('of one name, and by the same options, is one while it is under way, and none is kept', async () => {
  const answers = [found('a.test'), found('a.test'), found('b.test'), found('a.test', { all: true })];
  expect(asked.map(({ hostname }) => hostname)).toEqual(['a.test', 'b.test', 'a.test']);
  asked[0]!.answer(null, '192.0.2.1', 4);
  expect(await Promise.all(answers.slice(0, 2))).toEqual([
    ['192.0.2.1', 4],
    ['192.0.2.1', 4],
  ]);
  const again = found('a.test');
  expect(asked).toHaveLength(4);
  asked[3]!.answer(NOT_FOUND);
  await expect(again).rejects.toMatchObject({ code: 'ENOTFOUND' });
  asked[1]!.answer(null, '192.0.2.2', 4);
  asked[2]!.answer(null, [{ address: '192.0.2.3', family: 4 }]);
  expect(await Promise.all(answers.slice(2))).toEqual([
    ['192.0.2.2', 4],
    [[{ address: '192.0.2.3', family: 4 }], undefined],
  ]);
});

it('is joined while it is young, and not for as long as a lost packet takes', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const lost = [found('a.test')];
  vi.advanceTimersByTime(499);
  lost.push(found('a.test'));
  expect(asked).toHaveLength(1);
  vi.advanceTimersByTime(1);
  const later = [found('a.test'), found('a.test')];
  expect(asked).toHaveLength(2);
  asked[1]!.answer(null, '192.0.2.1', 4);
  const one = ['192.0.2.1', 4];
  expect(await Promise.all(later)).toEqual([one, one]);
  // The one that is left is as old as it is.
  const last = found('a.test');
  expect(asked).toHaveLength(3);
  asked[0]!.answer(NOT_FOUND);
  for (const each of lost) await expect(each).rejects.toBe(NOT_FOUND);
  // That one has ended keeps nobody from another that is under way.
  const joined = found('a.test');
  expect(asked).toHaveLength(3);
  asked[2]!.answer(null, '192.0.2.1', 4);
  expect(await Promise.all([last, joined])).toEqual([one, one]);
});

it('is one of three of its name at most, and then the youngest is joined', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const all = Array.from({ length: 20 }, () => {
    vi.advanceTimersByTime(500);
    return found('a.test');
  });
  expect(asked).toHaveLength(3);
  asked[2]!.answer(null, '192.0.2.1', 4);
  expect(await Promise.all(all.slice(2))).toHaveLength(18);
  const again = found('a.test');
  expect(asked).toHaveLength(4);
  for (const { answer } of asked) answer(null, '192.0.2.1', 4);
  await Promise.all([again, ...all]);
});

it('keeps nobody from being told by another who throws', async () => {
  const threw = new Promise((resolve) => process.once('uncaughtException', resolve));
  joinedLookup('a.test', {}, () => {
    throw new Error('mine');
  });
  const other = found('a.test');
  asked[0]!.answer(null, '192.0.2.1', 4);
  expect(await other).toEqual(['192.0.2.1', 4]);
  expect(await threw).toMatchObject({ message: 'mine' });
});

const rest = { adapter: 'rest', url: 'http://store.test/' };
const s3 = {
  adapter: 's3',
  endpoint: 'http://store.test',
  bucket: 'bucket',
  forcePathStyle: true,
  ...DEMO_CREDENTIALS,
};
const mongo = { adapter: 'mongo', url: 'mongodb://store.test/', database: 'shop', collections: ['users'] };
const find = { collection: 'users', filter: {} };

it.each([
  ['a REST get', rest, 'get', { path: 'x' }, 'value'],
  ['a REST get that flows', rest, 'get', { path: 'x' }, 'body'],
  ['an object', s3, 'getObject', { key: 'x' }, 'value'],
  ['an object that flows', s3, 'getObject', { key: 'x' }, 'body'],
  ['a MongoDB query', mongo, 'find', find, 'value'],
] as const)(
  'is joined by all connections that are opened for %s, also once who asked first has given up',
  async (_name, source, op, params, want) => {
    await using opened = await openSources(
      parseConfig({ sources: { it: { ...source, coalesce: false, retry: false, timeoutMs: 50 } } }),
    );
    const it = opened.sources.get('it')!;
    const compiled = it.prepare(op, params, (path, detail) => expect.fail(`${path.join('/')}: ${detail}`));
    const ask = async () => {
      const query = { op, params: compiled, want };
      await it.call(query, new Who({ headers: {} }), bounds()).catch(() => {});
    };
    await Promise.all([ask(), ask(), ask()]);
    await Promise.all([ask(), ask(), ask()]);
    // One, unless all that takes longer than one is joined for.
    expect(new Set(asked.map(({ hostname }) => hostname))).toEqual(new Set(['store.test']));
    expect(asked.length).toBeLessThanOrEqual(3);
    for (const { answer } of asked) answer(NOT_FOUND);
  },
);

it('is one for all key sets that are asked for from one host', async () => {
  const sets = [1, 2].map((at) => fetchKeySet(`http://issuer.test/${at}`).catch((error: unknown) => error));
  await vi.waitFor(() => expect(asked).not.toEqual([]));
  for (let count = 0; count < 20; count++) await turn();
  expect(asked).toHaveLength(1);
  asked[0]!.answer(NOT_FOUND);
  expect(await Promise.all(sets)).toEqual([NOT_FOUND, NOT_FOUND]);
});
