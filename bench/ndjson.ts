import { createServer, request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { demoConfig } from '../demo/config.ts';
import { startStores } from '../demo/stores.ts';
import { buildApp } from '../src/app.ts';
import { parseConfig } from '../src/config.ts';
import { openSources } from '../src/sources/open.ts';

/** NDJSON of 100,000 documents: codap's streamed `find` against a loop over the driver's cursor, in turns; the median of the rounds. */
const DOCUMENTS = 100_000;
const ROUNDS = 3;

const stores = await startStores({ data: false });
await stores.load(
  'shop',
  'orders',
  Array.from({ length: DOCUMENTS }, (_, at) => ({
    _id: at,
    name: `order ${at}`,
    price: at / 4,
    tags: ['a', 'b'],
    at: new Date(0),
  })),
);
const config = parseConfig({ server: { timeoutMs: 30_000 }, sources: { shop: demoConfig(stores).sources.shop } });
const opened = await openSources(config);
const app = await buildApp(config, opened);
await app.listen({ port: 0, host: '127.0.0.1' });

const client = await new MongoClient(stores.mongoUrl).connect();
const loop = createServer((_message, response) => {
  void (async () => {
    for await (const document of client.db('shop').collection('orders').find())
      if (!response.write(`${JSON.stringify(document)}\n`)) await once(response, 'drain');
    response.end();
  })().catch((error: unknown) => {
    console.error(error);
    response.destroy();
  });
});
loop.listen(0, '127.0.0.1');
await once(loop, 'listening');

const query = { source: 'shop', op: 'find', params: { collection: 'orders' }, stream: true };

/** Reads an answer to its end; resolves to the milliseconds it took. */
async function read(port: number, body: string): Promise<number> {
  const began = performance.now();
  const headers = { 'content-type': 'application/json', accept: 'application/x-ndjson' };
  const asked = request({ port, path: '/kv', method: 'POST', headers }).end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  if (response.statusCode !== 200)
    throw new Error(`answered ${response.statusCode}: ${String((await once(response, 'data'))[0])}`);
  let lines = 0;
  response.on('data', (chunk: Buffer) => {
    for (const byte of chunk) if (byte === 10) lines += 1;
  });
  await once(response, 'end');
  if (lines < DOCUMENTS) throw new Error(`only ${lines} lines came`);
  return performance.now() - began;
}

const times: { codap: number[]; loop: number[] } = { codap: [], loop: [] };
const ports = { codap: (app.server.address() as AddressInfo).port, loop: (loop.address() as AddressInfo).port };
for (let round = 0; round < ROUNDS; round += 1) {
  for (const one of ['loop', 'codap'] as const) {
    // One process serves both: what the one before left to do is not to count as the service's own overload.
    await pause(1500);
    times[one].push(await read(ports[one], JSON.stringify({ queries: { orders: query } })));
  }
}
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number;
const [codapMs, loopMs] = [median(times.codap), median(times.loop)];
console.log(
  `${DOCUMENTS} documents: a loop over the cursor ${loopMs.toFixed(0)} ms, codap ${codapMs.toFixed(0)} ms: ratio ${(loopMs / codapMs).toFixed(2)} (at least 1)`,
);
await app.close();
await opened[Symbol.asyncDispose]();
loop.close();
await client.close();
await stores.close();
