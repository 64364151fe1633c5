import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { buildApp } from '../../../src/service/app.ts';
import { Front } from '../../../src/service/front.ts';
import { listen } from '../../../src/cli/listen.ts';
import { until } from '../../service.ts';
import { parseConfig } from '../../configured.ts';

let front: Front;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await front.close();
});

describe.each(['127.0.0.1', 'localhost'])('beyond maxConnections on %s', (host) => {
  it('new connections are closed, whichever listener took them, until others have ended', async () => {
    const config = parseConfig({ server: { maxConnections: 5 } });
    const app = await buildApp(config, { sources: new Map(), onLoopback: true });
    await app.ready();
    front = new Front({ config, app });
    const { address } = await listen(front.app, { host, port: 0 });
    const addresses = front.app.addresses().map((bound) => (typeof bound === 'string' ? bound : bound.address));
    const open = (to = addresses[0]!): Socket => {
      const socket = connect(Number(new URL(address).port), to).on('error', () => {});
      sockets.push(socket);
      return socket;
    };
    const places = host === 'localhost' ? ['127.0.0.1', addresses[0]!] : [host];
    for (let index = 0; index < 60; index += 1) open(places[index % places.length]);
    const left = () => sockets.filter((socket) => !socket.closed);
    await until(() => left().length === 5, 'five are left');
    const [kept] = left() as [Socket];
    kept.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(String((await once(kept, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
    kept.destroy();
    await until(async () => {
      const next = open();
      next.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n');
      return Promise.race([once(next, 'data').then(() => true), once(next, 'close').then(() => false)]);
    }, 'a place is free');
  });
});
