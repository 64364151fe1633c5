import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { startStores } from '../demo/stores.ts';
import { startCodapProcess } from '../test/codap-process.ts';

/**
 * How much codap, in a process of its own, grows while it streams a million documents: to a reader that stops
 * after the first of them, to one that stops on the way, both of which then leave, and to one that takes them
 * all. The store makes them up: a thousand documents, a list of a thousand in each, unwound.
 */
const SEEDS = 1000;
const EACH = 1000;
const STOPPED_MS = 5000;
const LIMIT_MIB = 64;
const MIB = 2 ** 20;

await using stores = Object.assign(await startStores({ data: false }), {
  [Symbol.asyncDispose]: () => stores.close(),
});
const text = 'x'.repeat(200);
const numbers = Array.from({ length: EACH }, (_, at) => at);
await stores.load(
  'shop',
  'seeds',
  Array.from({ length: SEEDS }, (_, at) => ({ _id: at, text, numbers })),
);
await using codap = await startCodapProcess({
  limits: { streamIdleMs: 60_000 },
  sources: { shop: { adapter: 'mongo', url: stores.mongoUrl, database: 'shop', collections: ['seeds'] } },
});
const ask = async (...more: object[]): Promise<IncomingMessage> => {
  const headers = { 'content-type': 'application/json', accept: 'application/x-ndjson' };
  const pipeline = [{ $unwind: '$numbers' }, ...more];
  const million = { source: 'shop', op: 'aggregate', params: { collection: 'seeds', pipeline }, stream: true };
  const asked = request({ port: codap.port, path: '/kv', method: 'POST', headers });
  asked.end(JSON.stringify({ queries: { million } }));
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}`);
  return answer;
};
const lines = async (answer: IncomingMessage): Promise<number> => {
  let found = 0;
  answer.on('data', (chunk: Buffer) => {
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) found += 1;
  });
  await once(answer, 'end');
  return found;
};

const grown = async (before: number): Promise<string> => {
  const [now, peak] = [(await codap.rss()) - before, (await codap.peakRss()) - before];
  return `grown by ${(now / MIB).toFixed(0)} MiB, at most by ${(peak / MIB).toFixed(0)}`;
};

await lines(await ask({ $limit: 10 }));
const before = await codap.rss();
for (const stop of [1, 100_000]) {
  const answer = await ask();
  let found = 0;
  for await (const chunk of answer.iterator({ destroyOnReturn: false })) {
    for (const byte of chunk as Buffer) if (byte === 10) found += 1;
    if (found >= stop) break;
  }
  await pause(STOPPED_MS);
  console.log(`a reader that stops after ${stop}: codap has ${await grown(before)} (allowed: ${LIMIT_MIB})`);
  if ((await codap.peakRss()) - before > LIMIT_MIB * MIB) process.exitCode = 1;
  const left = performance.now();
  answer.destroy();
  while ((await stores.stats()).mongo.cursors > 0) await pause(1);
  console.log(`it leaves: its cursor is closed within ${(performance.now() - left).toFixed(0)} ms`);
}

const began = performance.now();
const found = await lines(await ask());
if (found < SEEDS * EACH) throw new Error(`only ${found} lines came`);
const seconds = (performance.now() - began) / 1000;
console.log(`a reader that takes them all, ${seconds.toFixed(1)} s: codap has ${await grown(before)}`);
