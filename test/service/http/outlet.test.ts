import type { FastifyReply } from 'fastify';
import { describe, expect, it } from 'vitest';
import { Outlet } from '../../../src/service/http/outlet.ts';

/** A reply whose client takes whatever is written at once. */
function endless(): FastifyReply {
  const raw = { destroyed: false, writableFinished: false, writeHead() {}, flushHeaders() {}, write: () => true };
  const server = { isDraining: () => false };
  return { raw, server, statusCode: 200, hijack() {}, getHeaders: () => ({}) } as unknown as FastifyReply;
}

describe('an outlet', () => {
  it('lets others have their turn where neither the store nor the client ever pauses', async () => {
    const outlet = new Outlet(endless(), 1000);
    const turns: number[] = [];
    setTimeout(() => turns.push(performance.now()), 1);
    const until = performance.now() + 1000;
    while (turns.length === 0 && performance.now() < until) {
      const room = outlet.writeFrame('x'.repeat(20_000));
      if (room) await room;
    }
    expect(turns).toHaveLength(1);
  });
});
