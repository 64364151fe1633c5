import { pathToFileURL } from 'node:url';
import { q, start } from '../test/batch/simulated.ts';
import { median } from './median.ts';

const ITEMS = 1000;
/** Rounds until V8 has compiled what is measured. */
const WARMUPS = 100;
const ROUNDS = 300;
const WANTED = 1.3;

const limits = { queries: ITEMS + 2, calls: ITEMS + 2 };
const list = q({ value: Array.from({ length: ITEMS }, (_, index) => index) });
const plain = {
  queries: {
    list,
    ...Object.fromEntries(Array.from({ length: ITEMS }, (_, index) => [`q${index}`, q({ value: index })])),
  },
};
const each = { queries: { list, each: q({ value: { $item: '' } }, { forEach: { $result: '/list' } }) } };

/** CPU time of one run of a request, in milliseconds. */
async function cpuMs(body: object): Promise<number> {
  const before = process.cpuUsage();
  const { root } = start('kv', body, { limits, timeoutMs: 20_000 });
  await root.reply;
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/**
 * The median CPU time, in milliseconds, of 1,000 plain queries and of a forEach of 1,000 items, run in turns.
 */
export async function measure(): Promise<{ plainMs: number; eachMs: number }> {
  const times: { plain: number[]; each: number[] } = { plain: [], each: [] };
  for (let round = -WARMUPS; round < ROUNDS; round += 1) {
    const plainMs = await cpuMs(plain);
    const eachMs = await cpuMs(each);
    if (round < 0) continue;
    times.plain.push(plainMs);
    times.each.push(eachMs);
  }
  return { plainMs: median(times.plain), eachMs: median(times.each) };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { plainMs, eachMs } = await measure();
  const ratio = eachMs / plainMs;
  console.log(
    `${ITEMS} plain queries ${plainMs.toFixed(1)} ms, forEach of ${ITEMS} items ${eachMs.toFixed(1)} ms of CPU: ratio ${ratio.toFixed(2)} (at most ${WANTED})`,
  );
  if (ratio > WANTED) process.exitCode = 1;
}
