import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { endOfTurn } from '../../src/ground/end-of-turn.ts';

it('is one for all who wait in the same turn, and comes after all that has arrived', async () => {
  const done: string[] = [];
  const server = createServer((socket) => void socket.on('data', (data) => socket.write(data))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sockets = Array.from({ length: 5 }, () => connect(port, '127.0.0.1'));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const ends = new Set<Promise<void>>();
  const waiting = sockets.map(async (socket: Socket, at) => {
    await once(socket, 'data');
    done.push(`read ${at}`);
    const end = endOfTurn();
    ends.add(end);
    await end;
    done.push(`end ${at}`);
  });
  for (const socket of sockets) socket.write('x');
  // All five are here by the time that the loop looks for what has arrived.
  const until = performance.now() + 50;
  while (performance.now() < until);
  await Promise.all(waiting);
  const turns =
    done
      .join(' ')
      .replaceAll(/ ?\d ?/g, ',')
      .match(/(?:read,)+(?:end,)+/g) ?? [];
  expect(turns.length).toBe(ends.size);
  for (const turn of turns) expect(turn.match(/read/g)).toHaveLength(turn.match(/end/g)!.length);
  expect(endOfTurn()).not.toBe([...ends].at(-1));
  for (const socket of sockets) socket.destroy();
  server.close();
});
