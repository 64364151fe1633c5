import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { Work } from '../../src/budget/work.ts';
import { q, simulate, start } from './simulated.ts';

const loop = vi.hoisted(() => ({ isLoopHeld: false }));
vi.mock('../../src/budget/turns.ts', async (original) => ({
  ...(await original()),
  isLoopHeld: () => loop.isLoopHeld,
}));

it('items start in their order, also where one waits for its turn and the next would not', async () => {
  vi.spyOn(Work.prototype, 'turn').mockImplementation(async () => {
    loop.isLoopHeld = false;
    for (let turns = 0; turns < 20; turns += 1) await turn();
  });
  const simulation = simulate();
  const forEach = [5, 10, 0, 0].map((turns, at) => ({ id: `${at}`, turns }));
  const told = { id: { $item: '/id' }, turns: { $item: '/turns' } };
  const running = start('kv', { queries: { a: q(told, { forEach, concurrency: 2 }) } }, { simulation });
  await turn();
  loop.isLoopHeld = true;
  await running.root.reply;
  expect(simulation.started).toEqual(['0', '1', '2', '3']);
});
