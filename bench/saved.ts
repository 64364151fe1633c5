import { V8_FLAGS } from '../bin/v8-flags.js';
import { median } from './median.ts';
import { posted, QUIET, type Request, ROUND_MS, ROUNDS, Service, WARMING_MS } from './paired.ts';
import { start } from './start.ts';

/**
 * Saved batches of ten GETs of 1 kB beside the same batches posted: on one service, in turns, before a store
 * that only answers; the medians of pairs of rounds.
 */
const MUST = 1.3;
const COUNT = 10;
const BATCHES = 20;

const firsts = Array.from({ length: BATCHES }, (_, first) => first);
const query = (first: number, at: number) => ({
  source: 'store',
  op: 'get',
  params: { path: ['record', String(first), String(at)] },
});
const post = (first: number): Request => {
  const queries = Object.fromEntries(Array.from({ length: COUNT }, (_, at) => [`k${at}`, query(first, at)]));
  return posted(JSON.stringify({ queries }));
};
const get = (path: string): Request => ({ method: 'GET', path });
const adHoc = firsts.map(post);
const cases = [
  { name: 'written out', saved: firsts.map((first) => get(`/batches/literal-${first}`)), must: MUST },
  { name: 'with a parameter in each', saved: firsts.map((first) => get(`/batches/filled?first=${first}`)) },
];

const store = await start('./rest-store.ts');
const service = new Service(
  await start('./saved-service.ts', ['codap', `http://127.0.0.1:${store.port}/`], {
    stdio: QUIET,
    execArgv: V8_FLAGS,
  }),
);
console.log(`saved batches of ${COUNT} GETs beside the same posted, median of ${ROUNDS} pairs of rounds`);
// Both ways are warm before either is measured: what runs first would look slower than it is.
for (let round = 0; round < 2; round += 1)
  for (const requests of [adHoc, ...cases.map(({ saved }) => saved)]) await service.serve(requests, WARMING_MS);
for (const { name, saved, must = 0 } of cases) {
  const costs = { adHoc: [] as number[], saved: [] as number[] };
  const ratios = { rate: [] as number[], cpu: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    const one = await service.serve(adHoc, ROUND_MS);
    const other = await service.serve(saved, ROUND_MS);
    costs.adHoc.push(one.cpuUs);
    costs.saved.push(other.cpuUs);
    ratios.rate.push(other.rate / one.rate);
    ratios.cpu.push(one.cpuUs / other.cpuUs);
  }
  const ratio = median(ratios.rate);
  console.log(
    `${name.padEnd(24)} throughput ${ratio.toFixed(2)}${must > 0 ? ` (at least ${must})` : ''}, by CPU ${median(ratios.cpu).toFixed(2)}: ` +
      `${median(costs.saved).toFixed(0)} µs a batch, posted ${median(costs.adHoc).toFixed(0)}`,
  );
  if (ratio < must) process.exitCode = 1;
}
if (service.refused > 0) console.log(`too busy a machine: ${service.refused} batches were refused`);
service.end();
store.child.disconnect();
