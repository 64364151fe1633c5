import { adapters } from '../adapters/index.ts';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MongoClient, type FindCursor } from 'mongodb';
import { buildApp } from '../src/service/app.ts';
import { parseConfig } from '../src/config/load.ts';
import { openSources } from '../src/sources/open.ts';

/**
 * A process that answers a collection as NDJSON, by codap or by a loop over the driver's cursor. It says its
 * port and, when asked, its peak RSS in bytes.
 */
const [, , kind, url] = process.argv as [string, string, keyof typeof kinds, string];

async function serveCodap(): Promise<number> {
  const config = parseConfig(
    {
      server: { timeoutMs: 30_000 },
      sources: { shop: { adapter: 'mongo', url, database: 'shop', collections: ['orders'], timeoutMs: 30_000 } },
    },
    {},
    adapters,
  );
  const app = await buildApp(config, await openSources(config, adapters));
  await app.listen({ port: 0, host: '127.0.0.1' });
  return (app.server.address() as AddressInfo).port;
}

/** A write for each document. */
async function loop(cursor: FindCursor, response: ServerResponse): Promise<void> {
  for await (const document of cursor)
    if (!response.write(`${JSON.stringify(document)}\n`)) await once(response, 'drain');
}

/** Lines that leave together, and no write for fewer than 16,384 characters of them. */
async function gathered(cursor: FindCursor, response: ServerResponse): Promise<void> {
  let lines = '';
  for await (const document of cursor) {
    lines += `${JSON.stringify(document)}\n`;
    if (lines.length < 16_384) continue;
    if (!response.write(lines)) await once(response, 'drain');
    lines = '';
  }
  response.write(lines);
}

async function serve(answer: typeof loop): Promise<number> {
  const client = await new MongoClient(url).connect();
  const server = createServer((_message, response) => {
    answer(client.db('shop').collection('orders').find(), response).then(
      () => response.end(),
      () => response.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const kinds = { codap: serveCodap, loop: () => serve(loop), gathered: () => serve(gathered) };
process.send?.(await kinds[kind]());
process.on('message', () => process.send?.(process.resourceUsage().maxRSS * 1024));
process.once('disconnect', () => process.exit());
