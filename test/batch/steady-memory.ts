import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { Writer } from './random-batches.ts';
import { answer, faults } from './simulated.ts';
import { unsteady } from './unsteady.ts';

/**
 * Sends random batches over an unsteady store with all layers on, and ends with 1 where what is held after a
 * collection grows from the first third to the last by more than a tenth, or a layer had nothing to do.
 */
const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '600' }, seed: { type: 'string' } },
});
const collect = (globalThis as { gc?: () => void }).gc;
if (!collect) throw new Error('run it with --expose-gc');
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const seconds = Number(values.seconds);
console.log(`seed ${seed}`);

await using all = await unsteady(seed);
const began = performance.now();
const spent = (): number => (performance.now() - began) / 1000;
const samples: { at: number; heap: number; rss: number }[] = [];
let batches = 0;
let told = 0;
while (spent() < seconds) {
  const bodies = fc.sample(fc.gen(), { numRuns: 50, seed: seed + batches }).map((g) => {
    const pattern = (['kv', 'ordered', 'first-reply'] as const)[batches++ % 3]!;
    return { pattern, body: { queries: new Writer(g).queries(pattern === 'kv', 0, [], false) } };
  });
  const valid = bodies.filter(({ pattern, body }) => Object.keys(faults(pattern, body)).length === 0);
  await Promise.all(valid.map(({ pattern, body }) => answer(pattern, body, { simulation: all.simulation() })));
  if (spent() < (told + 1) * (seconds / 30)) continue;
  told += 1;
  collect();
  const { heapUsed, rss } = process.memoryUsage();
  samples.push({ at: spent(), heap: heapUsed / 2 ** 20, rss: rss / 2 ** 20 });
  console.log(
    `${spent().toFixed(0)} s: ${batches} batches, heap ${(heapUsed / 2 ** 20).toFixed(1)} MiB, RSS ${(rss / 2 ** 20).toFixed(0)} MiB`,
  );
}
const heapOf = (from: number, to: number): number => {
  const some = samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to));
  return some.reduce((sum, { heap }) => sum + heap, 0) / some.length;
};
const [first, last] = [heapOf(0, 1 / 3), heapOf(2 / 3, 1)];
const done = all.done();
console.log(`done by the layers ${JSON.stringify(done)}`);
console.log(`heap ${first.toFixed(1)} MiB in the first third, ${last.toFixed(1)} MiB in the last`);
if (last > first * 1.1 || Object.values(done).includes(0)) process.exitCode = 1;
