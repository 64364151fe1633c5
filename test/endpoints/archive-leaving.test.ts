import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { type Service, startService, until } from '../service.ts';
import { askBytes } from './bytes.ts';

const ARCHIVES = ['application/zip', 'application/x-tar', 'application/gzip'];
const ALL = [...ARCHIVES, 'application/octet-stream'];
const GIBIBYTES = 10 * 2 ** 30;

let stores: Stores;
let service: Service;
beforeAll(async () => {
  stores = await startStores();
  for (let at = 0; at < 40; at += 1) await stores.putSynthetic('files', `huge-${at}.bin`, GIBIBYTES);
  service = await startService({ stores });
});
afterAll(async () => {
  await service.close();
  await stores.close();
});

const object = (at: number) => ({ source: 'files', op: 'getObject', params: { key: `huge-${at}.bin` } });
const big = () => ({ source: 'catalog', op: 'get', params: { path: '/big', query: { bytes: GIBIBYTES } } });
const running = async () => {
  const { s3, rest } = await stores.stats();
  return s3.running + rest.running;
};

describe('a client that leaves in the middle ends every store body within 1 s', () => {
  const cases = ALL.flatMap((accept) => [[accept, 'S3', object] as const, [accept, 'REST', big] as const]);
  it.each(cases)('under %s (%s)', async (accept, _, query) => {
    const count = accept === 'application/octet-stream' ? 1 : 40;
    const queries = Array.from({ length: count }, (_, at) => query(at));
    const answer = await askBytes(`${service.url}/ordered`, { queries }, accept);
    await once(answer.body, 'readable');
    await until(async () => (await running()) > 0, 'a body is open');
    answer.leave();
    expect(await until(async () => (await running()) === 0, 'all bodies are closed', 1000)).toBeLessThan(1000);
  });

  it.each(ARCHIVES)('also while beginnings are read ahead, under %s', async (accept) => {
    // The first is slow to give what it has, the others give nothing: sixteen are asked for while it is
    // written.
    await stores.addFault({ store: 's3', match: 'huge-0.bin', fault: { kind: 'drip', bytesPerSecond: 1_000_000 } });
    await stores.addFault({ store: 's3', fault: { kind: 'stall' } });
    try {
      const queries = Array.from({ length: 40 }, (_, at) => object(at));
      const answer = await askBytes(`${service.url}/ordered`, { queries }, accept);
      await once(answer.body, 'readable');
      await until(async () => (await running()) >= 16, 'they are asked for');
      expect(await running()).toBeLessThanOrEqual(17);
      answer.leave();
      await until(async () => (await running()) === 0, 'all are let go of', 1000);
    } finally {
      await stores.clearFaults();
    }
  });

  it('and the service goes on as before', async () => {
    expect(
      await service.kv({ one: { source: 'files', op: 'headObject', params: { key: 'huge-0.bin' } } }),
    ).toMatchObject({
      complete: true,
    });
  });
});
