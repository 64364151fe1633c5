import { Socket } from 'node:net';
import { Long, serialize } from 'bson';
import { afterEach, expect, it, vi } from 'vitest';
import { mongo } from '../../../adapters/mongo.ts';
import type { Items } from '../../../src/store/payload.ts';
import { runner } from '../source.ts';
import { openScripted } from './scripted-source.ts';

const ask = runner(mongo);
afterEach(() => void vi.restoreAllMocks());

it.each([[1000], [30_000], [600_000], [2 ** 31 - 2]])(
  'no connection gives up a list that flows before a streamIdleMs of %i does',
  async (streamIdleMs) => {
    await using opened = await openScripted(
      (name) => (name === 'find' ? { found: [serialize({ _id: 1 })], open: Long.ONE } : []),
      { streamIdleMs },
    );
    const { options, connection } = opened;
    const { items } = (await ask(connection, options, 'find', { collection: 'c' }, { want: 'items' })) as Items;
    const list = items[Symbol.asyncIterator]();
    await list.next();
    const clocks = vi.spyOn(Socket.prototype, 'setTimeout');
    await list.next();
    // At the end of a command there is none.
    const set = clocks.mock.calls.map(([ms]) => ms).filter((ms) => ms > 0);
    expect(Math.min(...set)).toBeGreaterThan(streamIdleMs);
    expect(Math.max(...set)).toBeLessThan(2 ** 31);
  },
);
