import { z } from 'zod';
import type { Adapter } from '../../adapters/adapter.ts';
import { CodapError } from '../../src/errors.ts';
import type { Source } from '../../src/sources/open.ts';
import type { Fetch } from '../../src/store/fetch.ts';
import { untilAborted } from '../../src/store/signals.ts';
import { openSources, parseConfig } from '../configured.ts';
import { randomOf } from '../cost/random.ts';
import { bare, fetching, type Simulation } from './simulated.ts';

/** Calls for which a store is in one mood, and the share of calls that fail and that stall in each. */
const LASTS = 60;
const MOODS = [
  { fails: 0.02, stalls: 0.005 },
  { fails: 0.1, stalls: 0 },
  { fails: 0, stalls: 0 },
  { fails: 1, stalls: 0 },
];

/** Every layer, each of them so quick that it has something to do all the time. */
const ALL_LAYERS = {
  attemptTimeoutMs: 25,
  // Small enough to be full soon: what is held from then on does not grow.
  cache: { ttlMs: 20, staleMs: 200, notFoundMs: 5, maxBytes: 1_048_576 },
  coalesce: true,
  retry: { attempts: 4, budget: 1, perSecond: 1000 },
  hedge: true,
  breaker: { openMs: 2 },
  rate: { perSecond: 1_000_000, burst: 1000 },
};

/** A source whose store is unsteady. */
export interface Unsteady extends AsyncDisposable {
  readonly simulation: Simulation;
  /** How many queries have failed for the store's mood, which no layer could help. */
  moody(): number;
  /** What its layers have counted. */
  counted(): Readonly<Record<string, number>>;
}

/** A simulated source with all its layers on, whose store fails, stalls and recovers at random. */
export async function unsteady(seed: number): Promise<Unsteady> {
  const random = randomOf(seed);
  const told = { started: [], finished: [], aborted: [] };
  const steady = fetching(told);
  let calls = 0;
  const fetch: Fetch = async (query, context) => {
    const { fails, stalls } = MOODS[Math.floor((calls += 1) / LASTS) % MOODS.length]!;
    for (const list of Object.values(told)) list.length = 0;
    if (random.chance(fails)) throw new CodapError('UNAVAILABLE', 'the store is in a bad mood');
    if (random.chance(stalls)) return untilAborted(context.signal, () => new Promise<never>(() => {}));
    return steady(query, context);
  };
  const sim: Adapter = {
    options: z.strictObject({}),
    ops: { get: { params: z.looseObject({}) } },
    defaults: { concurrency: 1000 },
    secrets: () => [],
    example: () => ({ op: 'get', params: {} }),
    compile: (_op, params) => bare(params),
    describe: ({ params }) => ({ request: params as object, bound: {} }),
    open: () =>
      Promise.resolve({ fetch, ping: () => Promise.resolve(), [Symbol.asyncDispose]: () => Promise.resolve() }),
  };
  const config = parseConfig({ sources: { sim: { adapter: 'sim', ...ALL_LAYERS } } }, {}, { sim });
  const opened = await openSources(config, { sim });
  const { call, ...rest } = opened.sources.get('sim')!;
  let moody = 0;
  const noting: Source['call'] = async (...asked) => {
    try {
      return await call(...asked);
    } catch (error) {
      if ((error as Error).message !== 'told to fail') moody += 1;
      throw error;
    }
  };
  return {
    simulation: { source: { ...rest, call: noting }, ...told },
    moody: () => moody,
    counted: () => Object.assign({}, ...rest.layers.map((layer) => layer.state?.())) as Record<string, number>,
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}
