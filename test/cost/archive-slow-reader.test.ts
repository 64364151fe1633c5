import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { demoConfig } from '../../demo/config.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { startCodapProcess } from '../codap-process.ts';
import { until } from '../service.ts';
import { askBytes } from '../endpoints/bytes.ts';

const GIBIBYTE = 2 ** 30;
const MEBIBYTE = 2 ** 20;
const FILES = 40;
const SECONDS = 4;

const object = (at: number) => ({ source: 'files', op: 'getObject', params: { key: `huge-${at}.bin` } });
const big = () => ({ source: 'catalog', op: 'get', params: { path: '/big', query: { bytes: GIBIBYTE } } });

/** Forty files of a GiB each. */
const forty = (query: (at: number) => object) => ({ queries: Array.from({ length: FILES }, (_, at) => query(at)) });

/** The demo's configuration, with time enough for a busy machine. */
function patient(stores: Stores): object {
  const sources = Object.entries(demoConfig(stores).sources);
  return {
    server: { timeoutMs: 20_000 },
    sources: Object.fromEntries(sources.map(([name, source]) => [name, { ...source, timeoutMs: 20_000 }])),
  };
}

describe.concurrent('to a reader of 1 KiB/s', () => {
  it.each([
    ['application/zip', '/ordered'],
    ['application/x-tar', '/first-reply'],
  ])(
    '%s of %s has two store bodies open at most, and memory stays where it was',
    async (accept, path) => {
      const stores = await startStores();
      try {
        for (let at = 0; at < FILES; at += 1) await stores.putSynthetic('files', `huge-${at}.bin`, GIBIBYTE);
        await using codap = await startCodapProcess(patient(stores));
        const idle = await codap.rss();
        const open = async () => {
          const { s3, rest } = await stores.stats();
          return [s3.running, rest.running] as const;
        };
        const answers = [
          await askBytes(codap.url + path, forty(object), accept),
          await askBytes(codap.url + path, forty(big), accept),
        ];
        await until(async () => Math.min(...(await open())) > 0, 'both answers have begun', 20_000);
        // Beginnings that are read ahead are closed as soon as they are here.
        await until(async () => Math.max(...(await open())) <= 2, 'beginnings are read', 20_000);
        let most = 0;
        for (let second = 0; second < SECONDS; second += 0.25) {
          for (const { body } of answers) body.read(256);
          await pause(250);
          expect(Math.max(...(await open()))).toBeLessThanOrEqual(2);
          most = Math.max(most, await codap.rss());
        }
        expect((most - idle) / MEBIBYTE).toBeLessThan(120);
        for (const answer of answers) answer.leave();
        await until(async () => Math.max(...(await open())) === 0, 'all is let go of', 1000);
      } finally {
        await stores.close();
      }
    },
    60_000,
  );
});
