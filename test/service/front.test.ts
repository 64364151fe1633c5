import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { buildApp } from '../../src/service/app.ts';
import { type Edition, Front } from '../../src/service/front.ts';
import { parseConfig } from '../configured.ts';

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let front: Front;
let url: string;
afterEach(async () => {
  agent.destroy();
  front.server.closeAllConnections();
  await front.close();
});

/** An edition that tells its name at `/name`, and at `/held` once it is told to. */
async function edition(name: string, server: object = {}) {
  const config = parseConfig({ server });
  const app = await buildApp(config, { sources: new Map() });
  const entered = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  let closed = false;
  app.get('/name', () => name);
  app.get('/held', async () => {
    entered.resolve();
    await release.promise;
    return name;
  });
  await app.ready();
  const close = async () => {
    await app.close();
    closed = true;
  };
  const made: Edition = { config, app, close, refused: () => app.metrics.refused.add('connections') };
  return { ...made, app, entered: entered.promise, release: () => release.resolve(), isClosed: () => closed };
}

async function listening(first: Edition): Promise<void> {
  front = new Front(first);
  url = await front.app.listen({ host: '127.0.0.1', port: 0 });
}

async function get(path: string): Promise<{ body: string; port: number | undefined }> {
  const sent = request(url + path, { agent }).end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const port = answer.socket.localPort;
  return { body: await text(answer), port };
}

describe('turning to another edition', () => {
  it('has the next request of a connection answered by it, and closes the one before', async () => {
    const first = await edition('first');
    await listening(first);
    const before = await get('/name');
    await front.turnTo(await edition('second'));
    expect(first.isClosed()).toBe(true);
    expect([before, await get('/name')]).toEqual([
      { body: 'first', port: before.port },
      { body: 'second', port: before.port },
    ]);
  });

  it('lets the one before finish what it has begun, and closes it then', async () => {
    const first = await edition('first');
    await listening(first);
    const late = fetch(`${url}/held`).then((answer) => answer.text());
    await first.entered;
    const turned = front.turnTo(await edition('second'));
    expect((await get('/name')).body).toBe('second');
    expect(first.isClosed()).toBe(false);
    first.release();
    expect(await late).toBe('first');
    await turned;
    expect(first.isClosed()).toBe(true);
  });

  it('has a request whose body is still coming answered, not refused', async () => {
    const first = await edition('first');
    await listening(first);
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const headers = 'Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 14\r\nConnection: close';
    socket.write(`POST /kv HTTP/1.1\r\n${headers}\r\n\r\n{"queries"`);
    await once(front.server, 'request');
    const turned = front.turnTo(await edition('second'));
    socket.write(':{}}');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 /);
    await turned;
  });

  it('cuts what the one before has not finished after graceMs', async () => {
    const first = await edition('first');
    await listening(first);
    const held = fetch(`${url}/held`).then(
      () => 'answered',
      () => 'cut',
    );
    await first.entered;
    await front.turnTo(await edition('second', { graceMs: 20 }));
    expect(await held).toBe('cut');
    expect(first.isClosed()).toBe(true);
    first.release();
  });

  it('tells what the one before has not finished also where codap stands still until after graceMs', async () => {
    const { config } = await edition('first');
    const cut = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const routing: Edition['app']['routing'] = (_request, response) => {
      asked.resolve();
      cut.promise.then(() => setImmediate(() => response.writeHead(503).end('told'))).catch(() => {});
    };
    const close = () => Promise.resolve(undefined);
    await listening({ config, close, app: { routing, close, cut: () => cut.resolve() } as Edition['app'] });
    const told = fetch(url).then((answer) => answer.text());
    await asked.promise;
    const turned = front.turnTo(await edition('second', { graceMs: 40 }));
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 80));
    expect(await told).toBe('told');
    await turned;
  });

  it('holds connections to its own bound, and counts there those beyond', async () => {
    await listening(await edition('first'));
    await get('/name');
    const second = await edition('second', { maxConnections: 1 });
    await front.turnTo(second);
    await once(
      connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {}),
      'close',
    );
    expect(second.app.metrics.refused.series).toContainEqual([['connections'], [1]]);
    expect((await get('/name')).body).toBe('second');
  });

  it('does not happen once the service ends: what came too late is closed', async () => {
    await listening(await edition('first'));
    expect(await front.drain()).toBe(true);
    const second = await edition('second');
    await front.turnTo(second);
    expect(second.isClosed()).toBe(true);
    expect((await get('/name')).body).toBe('first');
  });
});
