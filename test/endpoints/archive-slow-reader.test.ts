import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { demoConfig } from '../../demo/config.ts';
import { startStores } from '../../demo/stores.ts';
import { startCodapProcess } from '../codap-process.ts';
import { until } from '../service.ts';

const GIBIBYTE = 2 ** 30;
const MEBIBYTE = 2 ** 20;
const FILES = 40;
const SECONDS = 4;

const object = (at: number) => ({ source: 'files', op: 'getObject', params: { key: `huge-${at}.bin` } });
const big = () => ({ source: 'catalog', op: 'get', params: { path: '/big', query: { bytes: GIBIBYTE } } });

/** Asks for forty files of a GiB each and reads nothing yet. */
async function ask(port: number, accept: string, path: string, query: (at: number) => object): Promise<Socket> {
  const body = JSON.stringify({ queries: Array.from({ length: FILES }, (_, at) => query(at)) });
  const socket = connect(port, '127.0.0.1').pause();
  await once(socket, 'connect');
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept: ${accept}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  return socket;
}

describe.concurrent('to a reader of 1 KiB/s', () => {
  it.each([
    ['application/zip', '/ordered'],
    ['application/x-tar', '/ordered'],
    ['application/zip', '/first-reply'],
    ['application/gzip', '/first-reply'],
  ])(
    '%s of %s has two store bodies open at most, and memory stays where it was',
    async (accept, path) => {
      const stores = await startStores();
      try {
        for (let at = 0; at < FILES; at += 1) await stores.putSynthetic('files', `huge-${at}.bin`, GIBIBYTE);
        await using codap = await startCodapProcess(demoConfig(stores));
        const idle = await codap.rss();
        const open = async () => {
          const { s3, rest } = await stores.stats();
          return [s3.running, rest.running] as const;
        };
        const sockets = [await ask(codap.port, accept, path, object), await ask(codap.port, accept, path, big)];
        await until(async () => Math.min(...(await open())) > 0, 'both answers have begun', 10_000);
        // Beginnings that are read ahead are closed as soon as they are here.
        await until(async () => Math.max(...(await open())) <= 2, 'beginnings are read', 10_000);
        let most = 0;
        for (let second = 0; second < SECONDS; second += 0.25) {
          for (const socket of sockets) socket.read(256);
          await pause(250);
          expect(Math.max(...(await open()))).toBeLessThanOrEqual(2);
          most = Math.max(most, await codap.rss());
        }
        expect((most - idle) / MEBIBYTE).toBeLessThan(120);
        for (const socket of sockets) socket.destroy();
        await until(async () => Math.max(...(await open())) === 0, 'all is let go of', 1000);
      } finally {
        await stores.close();
      }
    },
    60_000,
  );
});
