import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { DEMO_CREDENTIALS } from '../../demo/credentials.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { synthetic } from '../../demo/synthetic.ts';
import { unpack } from '../encodings/unpack.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { type Service, type ServiceOptions, startService, until } from '../service.ts';
import { askBytes, incomplete } from '../endpoints/bytes.ts';

const HEAD = 65_536;
const SIZE = 1_000_000;
const film = Buffer.concat([...synthetic(0, SIZE)]);

interface Asked {
  readonly key: string;
  readonly first: number;
  readonly last: number | undefined;
  readonly ifMatch: string | undefined;
}
/** What happens to an answer that is about to be sent: whatever it returns is sent instead of the rest. */
type Twist = (asked: Asked, response: ServerResponse) => number | undefined | Promise<number | undefined>;

let stores: Stores;
let store: ScriptedStore;
let service: Service;
/** Of one bucket of that store. */
let films: object;
/**
 * Every request of a test, and what happens to its answers: so many bytes are sent, then the connection is
 * cut.
 */
let asked: Asked[] = [];
let twist: Twist = () => undefined;
let etag = '"first"';
/** Beginnings that were asked for and are not there yet. */
let waiting = 0;

beforeAll(async () => {
  stores = await startStores();
  store = await startScripted((path, response, request) => void answer(path, response, request).catch(() => {}));
  films = { adapter: 's3', endpoint: store.url, bucket: 'films', forcePathStyle: true, ...DEMO_CREDENTIALS };
  service = await startService({
    stores,
    sources: {
      objects: { ...films, retry: { perSecond: 100 } },
      never: { ...films, retry: false },
    },
  });
});
afterAll(async () => {
  await service.close();
  await stores.close();
  await store.close();
});

/** An S3 store of one object under every key. */
async function answer(path: string, response: ServerResponse, { headers }: IncomingMessage): Promise<void> {
  const [, first = '', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
  const request = {
    key: path.replace(/^\/films\/|\?.*$/g, ''),
    first: Number(first),
    last: last === '' ? undefined : Number(last),
    ifMatch: headers['if-match'],
  };
  asked.push(request);
  if (request.first === 0) waiting += 1;
  const cutAfter = await twist(request, response);
  if (request.first === 0) waiting -= 1;
  if (request.ifMatch !== undefined && request.ifMatch !== etag) return void response.writeHead(412).end();
  const part = film.subarray(request.first, (request.last ?? SIZE - 1) + 1);
  response.writeHead(206, {
    etag,
    'content-type': 'video/mp4',
    'content-length': part.length,
    'content-range': `bytes ${request.first}-${request.first + part.length - 1}/${SIZE}`,
  });
  if (cutAfter === undefined) return void response.end(part);
  response.write(part.subarray(0, cutAfter), () => setImmediate(() => response.destroy()));
}

/** A service for one test. */
async function startOwn(options: ServiceOptions): Promise<Service> {
  const own = await startService({ stores, ...options });
  onTestFinished(() => own.close());
  return own;
}

async function zipOf(
  keys: readonly string[],
  how: Twist,
  accept = 'application/zip',
  source = 'objects',
  asking = service,
): Promise<Map<string, Buffer>> {
  asked = [];
  waiting = 0;
  etag = '"first"';
  twist = how;
  const queries = keys.map((key) => ({ source, op: 'getObject', params: { key }, as: key }));
  const archive = await askBytes(`${asking.url}/ordered`, { queries }, accept);
  expect(archive.status).toBe(200);
  return unpack(accept === 'application/zip' ? 'zipfile' : 'tar', await archive.read());
}

describe('an object in an archive', () => {
  it('is read by range from its beginning on, the rest only as the same object', async () => {
    const files = await zipOf(['a'], () => undefined);
    expect(files.get('a')?.equals(film)).toBe(true);
    expect(asked).toEqual([
      { key: 'a', first: 0, last: HEAD - 1, ifMatch: undefined },
      { key: 'a', first: HEAD, last: undefined, ifMatch: '"first"' },
    ]);
  });

  it('that breaks is gone on from where it broke, twice', async () => {
    const files = await zipOf(['a'], ({ first }) => (first > 0 && asked.length < 4 ? 100_000 : undefined));
    expect(files.get('a')?.equals(film)).toBe(true);
    expect(asked.map(({ first, ifMatch }) => [first, ifMatch])).toEqual([
      [0, undefined],
      [HEAD, '"first"'],
      [HEAD + 100_000, '"first"'],
      [HEAD + 200_000, '"first"'],
    ]);
  });

  it.each(['application/zip', 'application/x-tar'])(
    'that breaks a third time is cut, and told, under %s',
    async (accept) => {
      const files = await zipOf(
        ['a', 'b'],
        ({ key, first }) => (key === 'a' && first > 0 ? 100_000 : undefined),
        accept,
      );
      expect(asked.filter(({ key }) => key === 'a')).toHaveLength(4);
      const got = HEAD + 300_000;
      expect(files.get('a')?.subarray(0, got).equals(film.subarray(0, got))).toBe(true);
      if (accept === 'application/zip') expect(files.get('a')).toHaveLength(got);
      else
        expect(
          files
            .get('a')
            ?.subarray(got)
            .equals(Buffer.alloc(SIZE - got)),
        ).toBe(true);
      expect(files.get('b')?.equals(film)).toBe(true);
      expect(incomplete(files).errors).toMatchObject([
        { path: '/0', entry: 'a', cut: true, error: { code: 'UNAVAILABLE', source: 'objects' } },
      ]);
    },
  );

  it.each([
    ['after its beginning was read ahead', 0],
    ['before it is gone on from', 100_000],
  ])('that was changed %s is cut, never mixed', async (_, cutAfter) => {
    const files = await zipOf(['a'], ({ first }) => {
      if (first === 0) return undefined;
      if (cutAfter === 0 || first > HEAD) etag = '"second"';
      return cutAfter;
    });
    expect(files.get('a')?.equals(film.subarray(0, HEAD + cutAfter))).toBe(true);
    expect(incomplete(files).errors).toMatchObject([
      { entry: 'a', cut: true, error: { code: 'INVALID', status: 412 } },
    ]);
  });

  it('of a store that does not answer in parts is taken whole', async () => {
    const files = await zipOf(['a'], (_, response) => {
      response.writeHead(200, { etag, 'content-type': 'video/mp4', 'content-length': SIZE }).end(film);
      return new Promise<number>(() => {});
    });
    expect(files.get('a')?.equals(film)).toBe(true);
    expect(asked).toHaveLength(1);
  });

  const rest = `bytes ${HEAD}-${SIZE - 1}/${SIZE}`;
  it.each([
    ['the whole again', 200, {}],
    ['another part', 206, { 'content-range': `bytes 0-${SIZE - 1}/${SIZE}` }],
    ['a part that is not named', 206, {}],
    ['a part of another version', 206, { 'content-range': rest, etag: '"second"' }],
    ['a part of another size', 206, { 'content-range': `bytes ${HEAD}-${SIZE - 1}/${SIZE + 1}` }],
  ])('that a store goes on from with %s is cut', async (_name, status, headers) => {
    const files = await zipOf(['a'], ({ first }, response) => {
      if (first === 0) return undefined;
      response.writeHead(status, { etag, ...headers }).end(film.subarray(HEAD));
      return new Promise<number>(() => {});
    });
    expect(files.get('a')?.equals(film.subarray(0, HEAD))).toBe(true);
    expect(incomplete(files).errors).toMatchObject([{ entry: 'a', cut: true, error: { code: 'BAD_RESPONSE' } }]);
  });

  it('is gone on from by the same retries that calls of its source have', async () => {
    const own = await startOwn({ sources: { scarce: { ...films, retry: { budget: 0, perSecond: 0.2 } } } });
    const breaking = (at: number) => () => (asked.length === at ? (at - 1) * 100_000 : undefined);
    const scarce = (key: string, at: number) => zipOf([key], breaking(at), 'application/zip', 'scarce', own);
    expect((await scarce('its rest', 2)).get('its rest')?.equals(film)).toBe(true);
    expect(asked).toHaveLength(3);
    expect((await scarce('its beginning', 1)).get('its beginning')?.equals(film)).toBe(true);
    expect(asked).toHaveLength(3);
    // Both retries of ten seconds are used up.
    expect(incomplete(await scarce('cut', 2)).errors).toMatchObject([{ cut: true, error: { code: 'UNAVAILABLE' } }]);
    expect(asked).toHaveLength(2);
  });

  it('whose beginning breaks in the middle is asked for anew, as nothing of it was handed on', async () => {
    const files = await zipOf(['a'], () => (asked.length <= 2 ? 1000 : undefined));
    expect(files.get('a')?.equals(film)).toBe(true);
    expect(asked.map(({ first }) => first)).toEqual([0, 0, 0, 65_536]);
    const broken = await zipOf(['a', 'b'], ({ key }) => (key === 'a' ? 1000 : undefined));
    expect(incomplete(broken).errors).toMatchObject([{ path: '/0', cut: false, error: { code: 'UNAVAILABLE' } }]);
    expect(asked.filter(({ key }) => key === 'a')).toHaveLength(3);
  });

  it('that is cut is counted as incomplete', async () => {
    const counted = async (outcome: string) => {
      const { text } = await service.get('/metrics', { accept: 'text/plain' });
      const sample = `codap_batches_total{pattern="ordered",batch="",outcome="${outcome}",caller=""} `;
      return Number(
        text
          .split('\n')
          .find((line) => line.startsWith(sample))
          ?.slice(sample.length) ?? 0,
      );
    };
    const before = [await counted('complete'), await counted('incomplete')];
    await zipOf(['a'], ({ first }) => (first > 0 ? 100_000 : undefined), 'application/zip', 'never');
    await until(async () => (await counted('incomplete')) === before[1]! + 1, 'it is counted');
    expect(await counted('complete')).toBe(before[0]);
  });

  it('that breaks is cut where its source is never asked again', async () => {
    const files = await zipOf(['a'], ({ first }) => (first > 0 ? 100_000 : undefined), 'application/zip', 'never');
    expect(incomplete(files).errors).toMatchObject([{ cut: true, error: { code: 'UNAVAILABLE' } }]);
    expect(asked).toHaveLength(2);
  });

  it('that stalls is cut, and asked for no more', async () => {
    const own = await startOwn({ limits: { streamIdleMs: 1000 }, sources: { objects: films } });
    const stall: Twist = ({ key, first }, response) => {
      if (key !== 'a' || first === 0) return undefined;
      const range = `bytes ${first}-${SIZE - 1}/${SIZE}`;
      response.writeHead(206, { etag, 'content-length': SIZE - first, 'content-range': range });
      response.write(film.subarray(first, first + 100_000));
      return new Promise<number>(() => {});
    };
    const files = await zipOf(['a', 'b'], stall, 'application/zip', 'objects', own);
    expect(incomplete(files).errors).toMatchObject([{ entry: 'a', cut: true, error: { code: 'TIMEOUT' } }]);
    expect(files.get('b')?.equals(film)).toBe(true);
    await until(() => store.open() === 0, 'the store is let go of', 1000);
    expect(asked.filter(({ key }) => key === 'a')).toHaveLength(2);
  });
});

it('of coming objects the beginnings are read ahead, 16 at a time, and nothing else', async () => {
  let most = 0;
  let released: () => void = () => {};
  const reached = new Promise<void>((resolve) => (released = resolve));
  const keys = Array.from({ length: 60 }, (_, at) => `o${at}`);
  const files = await zipOf(keys, async ({ first }) => {
    if (first > 0) return undefined;
    most = Math.max(most, waiting);
    if (waiting >= 16) released();
    await reached;
    await pause(5);
    return undefined;
  });
  expect(most).toBe(16);
  expect(files.size).toBe(60);
  for (const [, content] of files) expect(content.equals(film)).toBe(true);
  expect(asked.filter(({ first }) => first === 0).every(({ last }) => last === HEAD - 1)).toBe(true);
});
