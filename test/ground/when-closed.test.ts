import { once } from 'node:events';
import { createServer, get, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { whenClosed } from '../../src/ground/when-closed.ts';

it('calls back all who wait for the end of an answer, by one listener, and later ones at once', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const asked = once(server, 'request') as Promise<[unknown, ServerResponse]>;
  get(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, (response) => response.resume());
  const [, answer] = await asked;
  const before = answer.listenerCount('close');
  const told: number[] = [];
  for (let at = 0; at < 20; at += 1) whenClosed(answer, () => told.push(at));
  expect(answer.listenerCount('close')).toBe(before + 1);
  expect(told).toEqual([]);
  answer.end();
  await once(answer, 'close');
  expect(told).toEqual(Array.from({ length: 20 }, (_none, at) => at));
  whenClosed(answer, () => told.push(20));
  expect(told.at(-1)).toBe(20);
  server.close();
});
