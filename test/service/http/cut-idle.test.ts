import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { Flow } from '../../../src/batch/run/flow.ts';
import { buildApp } from '../../../src/service/app.ts';
import { Outlet } from '../../../src/service/http/outlet.ts';
import { parseConfig } from '../../configured.ts';

const IDLE_MS = 40;

/** Nothing happens in this thread, as where its process or machine stands still. */
function standStill(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3 * IDLE_MS);
}

/** A client of its own thread: from a word on it takes what has come, or asks again; it tells what it got. */
const CLIENT = `
  const { parentPort, workerData: { port, times } } = require('node:worker_threads');
  const socket = require('node:net').connect(port, '127.0.0.1');
  let bytes = 0;
  const ask = (connection) => socket.write(
    'GET /all HTTP/1.1\\r\\nhost: localhost\\r\\nconnection: ' + connection + '\\r\\n\\r\\n'
  );
  const read = () => socket.on('data', (piece) => (bytes += piece.length));
  ask(times > 1 ? 'keep-alive' : 'close');
  if (times > 1) read();
  parentPort.once('message', () => times > 1 ? ask('close') : read());
  socket.on('error', () => {}).once('close', () => parentPort.postMessage(bytes));
`;

it.each<[string, number, number, (outlet: Outlet) => unknown]>([
  ['what is handed over whole', 2 ** 23, 1, (outlet) => [outlet.write(Buffer.alloc(2 ** 23)), outlet.end()]],
  [
    'what flows',
    2 ** 23,
    1,
    async (outlet) => {
      await outlet.write(Buffer.alloc(2 ** 22));
      await outlet.write(Buffer.alloc(2 ** 22));
      await outlet.end();
    },
  ],
  ['its next request', 2000, 2, (outlet) => [outlet.write(Buffer.alloc(1000)), outlet.end()]],
])('a client is not cut while codap stands still: %s', async (_what, most, times, send) => {
  const app = await buildApp(parseConfig({ limits: { streamIdleMs: IDLE_MS } }), { sources: new Map() });
  const asked = Promise.withResolvers<void>();
  app.get('/all', (_request, reply) => {
    void send(new Outlet(reply, IDLE_MS));
    asked.resolve();
  });
  Object.assign(app.server, { keepAliveTimeout: 2 * IDLE_MS, keepAliveTimeoutBuffer: 0 });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const client = new Worker(CLIENT, { eval: true, workerData: { port, times } });
  const told = once(client, 'message');
  await asked.promise;
  // Node looks twice before it says that nothing is taken: in between, and right before the timers' phase.
  const inBetween = (): void => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
    client.postMessage('go on');
    standStill();
  };
  setTimeout(() => setImmediate(inBetween), 1.5 * IDLE_MS);
  expect((await told)[0]).toBeGreaterThan(most);
  await app.close();
});

it('a store is not given up while codap stands still', async () => {
  const { port1, port2 } = new MessageChannel();
  async function* items() {
    yield (await once(port2, 'message'))[0] as string;
  }
  const limits = { streamIdleMs: IDLE_MS, streamMs: 10_000 };
  const flow = new Flow<string>({ kind: 'items', items: items() }, 'here', limits, () => {});
  const first = flow.next();
  port1.postMessage('there');
  standStill();
  expect(await first).toEqual({ done: false, value: 'there' });
  port1.close();
});

it('a stream whose store keeps up ends once all that it may take is used up', async () => {
  async function* items() {
    for (;;) yield await turn('here');
  }
  const flow = new Flow<string>(
    { kind: 'items', items: items() },
    'here',
    { streamIdleMs: 10_000, streamMs: 20 },
    () => {},
  );
  const reading = (async () => {
    for (;;) await flow.next();
  })();
  await expect(Promise.race([reading, pause(2000)])).rejects.toMatchObject({ code: 'TIMEOUT' });
});
