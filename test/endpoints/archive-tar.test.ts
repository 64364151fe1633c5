import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { unpack } from '../encodings/unpack.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { type Service, startService, until } from '../service.ts';
import { askBytes, incomplete } from './bytes.ts';

const MEBIBYTE = 2 ** 20;
const TARS = ['application/x-tar', 'application/gzip'];

let stores: Stores;
let store: ScriptedStore;
let service: Service;
beforeAll(async () => {
  stores = await startStores();
  store = await startScripted((path, response) => {
    const [, kind, size] = path.split('/');
    const bytes = Buffer.alloc(Number(size), 'b');
    response.setHeader('content-type', 'application/octet-stream');
    if (kind === 'short') response.setHeader('content-length', bytes.length);
    response.write(bytes.subarray(0, bytes.length / 2), () => {
      if (kind === 'chunked') response.end(bytes.subarray(bytes.length / 2));
      else setTimeout(() => response.destroy(), 100);
    });
  });
  service = await startService({ stores, sources: { scripted: { adapter: 'rest', url: store.url } } });
});
afterAll(async () => {
  await service.close();
  await stores.close();
  await store.close();
});

const body = (path: string, as: string) => ({ source: 'scripted', op: 'get', params: { path }, as });

async function filesOf(queries: object[], accept: string): Promise<Map<string, Buffer>> {
  const answer = await askBytes(`${service.url}/ordered`, { queries }, accept);
  expect(answer.status).toBe(200);
  const bytes = await answer.read();
  await until(() => store.open() === 0, 'the store is let go of');
  return unpack('tar', bytes);
}

describe.each(TARS)('a body of unknown length, under %s', (accept) => {
  it('is collected up to 8 MiB', async () => {
    const files = await filesOf([body(`/chunked/${8 * MEBIBYTE}`, 'eight'), body('/chunked/10', 'ten')], accept);
    expect(files.size).toBe(2);
    expect(files.get('ten')).toHaveLength(10);
    expect(files.get('eight')).toHaveLength(8 * MEBIBYTE);
    expect(files.get('eight')?.every((byte) => byte === 98)).toBe(true);
  });

  it('beyond that is TOO_LARGE, and listed; what comes after it is there', async () => {
    const queries = [body(`/chunked/${8 * MEBIBYTE + 2}`, 'more'), body('/chunked/10', 'ten')];
    const files = await filesOf(queries, accept);
    expect([...files.keys()].toSorted()).toEqual(['_INCOMPLETE.json', 'ten']);
    expect(incomplete(files)).toMatchObject({
      complete: false,
      errors: [{ path: '/0', entry: null, cut: false, error: { code: 'TOO_LARGE', source: 'scripted' } }],
    });
  });

  it('that breaks while it is collected is listed', async () => {
    const files = await filesOf([body('/broken/1000', 'broken'), body('/chunked/10', 'ten')], accept);
    expect([...files.keys()].toSorted()).toEqual(['_INCOMPLETE.json', 'ten']);
    expect(incomplete(files).errors).toMatchObject([
      { path: '/0', entry: null, cut: false, error: { code: 'UNAVAILABLE', source: 'scripted' } },
    ]);
  });
});

it.each(TARS)('a body that ends too early is filled with zero bytes and listed as cut, under %s', async (accept) => {
  const files = await filesOf([body('/short/300000', 'short'), body('/chunked/10', 'ten')], accept);
  const content = files.get('short') as Buffer;
  const came = content.indexOf(0);
  expect(content).toHaveLength(300_000);
  expect(came).toBeLessThanOrEqual(150_000);
  expect(content.equals(Buffer.concat([Buffer.alloc(came, 'b'), Buffer.alloc(300_000 - came)]))).toBe(true);
  expect(String(files.get('ten'))).toBe('b'.repeat(10));
  expect(incomplete(files).errors).toMatchObject([
    { path: '/0', entry: 'short', cut: true, error: { code: 'UNAVAILABLE', source: 'scripted' } },
  ]);
});

it('a zip needs no length: a chunked body of any size, and what came of one that breaks', async () => {
  const queries = [body('/broken/1000', 'broken'), body(`/chunked/${9 * MEBIBYTE}`, 'nine')];
  const answer = await askBytes(`${service.url}/ordered`, { queries }, 'application/zip');
  const files = await unpack('unzip', await answer.read());
  expect(files.get('nine')).toHaveLength(9 * MEBIBYTE);
  expect(String(files.get('broken'))).toBe('b'.repeat(500));
  expect(incomplete(files).errors).toMatchObject([{ entry: 'broken', cut: true, error: { code: 'UNAVAILABLE' } }]);
});
