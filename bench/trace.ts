import { V8_FLAGS } from '../bin/v8-flags.js';
import { median } from './median.ts';
import { posted, Service } from './paired.ts';
import { start } from './start.ts';

/**
 * The CPU of traced batches beside that of the same untraced: on one service, in turns, before a store that
 * only answers; the medians of pairs of rounds.
 */
const ROUNDS = 15;
const ROUND_MS = 400;
const WARMING_MS = 1500;
const WANTED = 1.1;

/** So many differ, or most of those that are under way would be one call. */
const BATCHES = 20;

const query = (batch: number, at: number) => ({
  source: 'store',
  op: 'get',
  params: { path: ['record', String(batch), String(at)] },
});

const store = await start('./rest-store.ts');
const codap = await start('./rest-service.ts', ['codap', `http://127.0.0.1:${store.port}/`], {
  stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  execArgv: V8_FLAGS,
});
const service = new Service(codap);
for (const count of [1, 10, 100]) {
  const batches = (trace: boolean) =>
    Array.from({ length: BATCHES }, (_, batch) => {
      const queries = Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, query(batch, at)]));
      return posted(JSON.stringify({ trace, queries }));
    });
  const requests = { traced: batches(true), untraced: batches(false) };
  const costOf = async (trace: boolean, ms = ROUND_MS): Promise<number> =>
    (await service.serve(trace ? requests.traced : requests.untraced, ms)).cpuUs;
  for (const trace of [false, true]) await costOf(trace, WARMING_MS);
  const costs = { untraced: [] as number[], traced: [] as number[] };
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const untraced = await costOf(false);
    const traced = await costOf(true);
    costs.untraced.push(untraced / count);
    costs.traced.push(traced / count);
    ratios.push(traced / untraced);
  }
  const ratio = median(ratios);
  console.log(
    `${`${count} GETs`.padEnd(8)} traced ${ratio.toFixed(2)} times the CPU of untraced (at most ${WANTED.toFixed(2)}): ` +
      `${median(costs.traced).toFixed(1)} and ${median(costs.untraced).toFixed(1)} µs a GET`,
  );
  if (ratio > WANTED) process.exitCode = 1;
}
service.end();
store.child.disconnect();
