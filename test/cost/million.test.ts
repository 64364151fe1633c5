import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { type CodapProcess, startCodapProcess } from '../codap-process.ts';
import { until } from '../service.ts';

const MIB = 2 ** 20;

let stores: Stores;
let codap: CodapProcess;
beforeAll(async () => {
  stores = await startStores({ data: false });
  const text = 'x'.repeat(200);
  const numbers = Array.from({ length: 1000 }, (_, at) => at);
  await stores.load(
    'shop',
    'seeds',
    Array.from({ length: 1000 }, (_, at) => ({ _id: at, text, numbers })),
  );
  codap = await startCodapProcess({
    sources: { shop: { adapter: 'mongo', url: stores.mongoUrl, database: 'shop', collections: ['seeds'] } },
  });
}, 60_000);
afterAll(async () => {
  await codap[Symbol.asyncDispose]();
  await stores.close();
});

/** Asks for a million documents, which the store makes up as it goes. */
async function ask(accept: string, ...more: object[]): Promise<IncomingMessage> {
  const params = { collection: 'seeds', pipeline: [{ $unwind: '$numbers' }, ...more] };
  const headers = { 'content-type': 'application/json', accept };
  const asked = request({ port: codap.port, path: '/kv', method: 'POST', headers });
  asked.end(JSON.stringify({ queries: { million: { source: 'shop', op: 'aggregate', params, stream: true } } }));
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  expect(answer.statusCode).toBe(200);
  return answer;
}

const asked = async (): Promise<number> => (await stores.stats()).mongo.commands['getMore'] ?? 0;

it.each(['application/x-ndjson', 'text/event-stream'])(
  'a million documents to a reader that stops take next to no memory, and none once it leaves: %s',
  async (accept) => {
    const few = await ask(accept, { $limit: 1000 });
    await once(few.resume(), 'end');
    const [before, began] = [await codap.rss(), await asked()];
    const answer = await ask(accept);
    answer.on('error', () => {});
    await once(answer, 'readable');
    // It goes on until the sockets between are full.
    let seen = await asked();
    await until(
      async () => {
        await pause(300);
        const last = seen;
        seen = await asked();
        return seen === last;
      },
      'codap waits for its reader',
      20_000,
    );
    expect(seen - began).toBeGreaterThan(0);
    expect(seen - began).toBeLessThan(500);
    expect((await codap.rss()) - before).toBeLessThan(64 * MIB);
    expect((await stores.stats()).mongo.cursors).toBe(1);
    answer.destroy();
    await until(async () => (await stores.stats()).mongo.cursors === 0, 'the cursor is closed');
  },
  30_000,
);
