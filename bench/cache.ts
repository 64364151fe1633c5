import { content } from '../adapters/http/content.ts';
import { V8_FLAGS } from '../bin/v8-flags.js';
import { processMemory } from '../src/budget/memory.ts';
import { Work } from '../src/budget/work.ts';
import { cache } from '../src/sources/layers/cache.ts';
import { median } from './median.ts';
import { posted, type Request, Service } from './paired.ts';
import { start } from './start.ts';

/**
 * What a cache comes to: batches of ten GETs of 1 kB, their keys by Zipf's law (the n-th key is asked for 1/n
 * as often as the first), by a codap with a cache and by one without, in turns, each in a process of its own.
 * Once with a store that takes as long as most do, and once with one that answers at once: then all that is
 * saved is codap's own work.
 */
const KEYS = 1000;
const EACH = 10;
const BATCHES = 500;
const ROUNDS = 5;
const HITS = 200_000;
const WANTED_HIT_NS = 2000;
const MIB = 2 ** 20;
const ROUND_MS = 600;
const WARMING_MS = 1500;
const STORES = [
  { afterMs: 5, wanted: 3 },
  { afterMs: 0, wanted: 1.5 },
];

const harmonic = Array.from({ length: KEYS }, (_, at) => 1 / (at + 1));
const sum = harmonic.reduce((all, one) => all + one, 0);

/** A key by Zipf's law, of a number from 0 to 1. */
function zipf(random: number): number {
  let left = random * sum;
  const found = harmonic.findIndex((one) => (left -= one) < 0);
  return found < 0 ? KEYS - 1 : found;
}

/** The same batches for both. */
const batches = Array.from({ length: BATCHES }, () => Array.from({ length: EACH }, () => zipf(Math.random())));

function requests(source: string): Request[] {
  const query = (key: number) => ({ source, op: 'get', params: { path: `/record/${key}` } });
  return batches.map((keys) =>
    posted(JSON.stringify({ queries: Object.fromEntries(keys.map((key, at) => [`k${at}`, query(key)])) })),
  );
}

const asked = { without: requests('store'), with: requests('kept') };
const kinds = ['without', 'with'] as const;

async function measure({ afterMs, wanted }: (typeof STORES)[number]): Promise<void> {
  const store = await start('./rest-store.ts', [String(afterMs)]);
  const open = async (): Promise<Service> =>
    new Service(
      await start('./cache-service.ts', ['codap', `http://127.0.0.1:${store.port}/`], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        execArgv: V8_FLAGS,
      }),
    );
  const services = { without: await open(), with: await open() };
  const rates = { without: [] as number[], with: [] as number[] };
  const costs = { without: [] as number[], with: [] as number[] };
  for (const kind of kinds) await services[kind].serve(asked[kind], WARMING_MS);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const kind of kinds) {
      const { rate, cpuUs } = await services[kind].serve(asked[kind], ROUND_MS);
      rates[kind].push(rate);
      costs[kind].push(cpuUs);
    }
  }
  const ratio = median(rates.with.map((rate, round) => rate / rates.without[round]!));
  console.log(
    `a store that takes ${afterMs} ms: ${ratio.toFixed(2)} times the throughput with a cache (at least ${wanted}): ` +
      `${median(rates.with).toFixed(0)} batches a second, without ${median(rates.without).toFixed(0)}; ` +
      `${median(costs.with).toFixed(0)} µs of CPU each, without ${median(costs.without).toFixed(0)}`,
  );
  if (ratio < wanted) process.exitCode = 1;
  for (const service of Object.values(services)) service.end();
  store.child.disconnect();
}

/** What a hit costs, from the query to its value, in nanoseconds: a JSON answer of 1 kB. */
async function hit(): Promise<number> {
  const { work, memory } = { work: new Work(Infinity), memory: processMemory(Infinity) };
  const record = Buffer.from(JSON.stringify({ owner: 'Ada Lovelace', text: 'a'.repeat(1000) }));
  const meta = { status: 200, contentType: 'application/json', etag: '"1"', lastModified: '2026-01-01T00:00:00.000Z' };
  const options = { ttlMs: 60_000, staleMs: 0, notFoundMs: 0, maxBytes: 64 * MIB };
  const layer = cache({ name: 'store', timeoutMs: 2000, concurrency: 512, cache: options });
  const { signal } = new AbortController();
  const context = { signal, deadline: Infinity, caller: { headers: {} }, memory, work };
  const fetch = layer.wrap(async () => content(record, 'auto', meta, context));
  const ask = (key: number) =>
    fetch({ op: 'get', params: { path: `/record/${key}`, headers: {} }, want: 'value' }, context);
  for (let key = 0; key < KEYS; key += 1) await ask(key);
  const costs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const began = performance.now();
    for (let at = 0; at < HITS; at += 1) await ask(at % KEYS);
    costs.push((1e6 * (performance.now() - began)) / HITS);
  }
  return median(costs);
}

const cost = await hit();
console.log(`a hit of 1 kB of JSON: ${(cost / 1000).toFixed(2)} µs (at most ${WANTED_HIT_NS / 1000})`);
if (cost > WANTED_HIT_NS) process.exitCode = 1;
console.log(`batches of ${EACH} GETs by Zipf's law of ${KEYS} keys, median of ${ROUNDS} pairs of rounds`);
for (const one of STORES) await measure(one);
