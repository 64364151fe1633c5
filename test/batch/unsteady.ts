import { z } from 'zod';
import type { Adapter, Merger, Point } from '../../adapters/adapter.ts';
import { CodapError } from '../../src/errors.ts';
import type { Source, SourceLog } from '../../src/sources/open.ts';
import type { Fetch, Query } from '../../src/store/fetch.ts';
import { untilAborted } from '../../src/store/signals.ts';
import { TypedValue } from '../../src/store/typed-value.ts';
import { openSources, parseConfig } from '../configured.ts';
import { randomOf } from '../cost/random.ts';
import { bare, fetching, type Simulation } from './simulated.ts';

/**
 * The store's moods, one after the other: for how many calls, and the share of calls that fail and that
 * stall. A dead one comes back soon after its circuit has opened: each probe that fails doubles the pause.
 */
const MOODS = [
  { lasts: 20, fails: 0.02, stalls: 0.02 },
  { lasts: 20, fails: 0.1, stalls: 0.02 },
  { lasts: 20, fails: 0, stalls: 0.02 },
  { lasts: Infinity, fails: 1, stalls: 0 },
];
const LASTS_OPEN = 1;

/** The shares of the queries for several that are refused, and of what one's answer does not tell. */
const REFUSED = 0.05;
const UNTOLD = 0.05;

/** Every layer (the adapter brings `merge`), each so quick that it has something to do all the time. */
const ALL_LAYERS = {
  attemptTimeoutMs: 50,
  // Small enough to be full soon: what is held from then on does not grow.
  cache: { ttlMs: 20, staleMs: 200, notFoundMs: 5, maxBytes: 1_048_576 },
  coalesce: true,
  retry: { attempts: 3, budget: 1, perSecond: 1000 },
  hedge: { percentile: 0.5, budget: 1 },
  breaker: { ratio: 0.3, openMs: 2 },
  rate: { perSecond: 2000, burst: 2 },
};

/** The op of many `get` that are one query. */
const TOGETHER = 'get, together';

interface Asked extends Point {
  readonly query: Query;
}

type Outcome = PromiseSettledResult<TypedValue>;

/** Asks what has no `meta` of its own together. What fails one of them is told in that one's place. */
function mergerOf(random: ReturnType<typeof randomOf>): Merger<Asked> {
  return {
    pointOf(query) {
      if ('meta' in (query.params as object)) return undefined;
      return { group: '', most: 7, chars: 1, mostChars: 100, query };
    },
    merged: (points) => ({ op: TOGETHER, params: points.map(({ query }) => query), want: 'value' }),
    split: (answer, points) => ({
      of(point) {
        if (random.chance(UNTOLD)) return undefined;
        const outcome = ((answer as TypedValue).value as readonly Outcome[])[points.indexOf(point)]!;
        if (outcome.status === 'rejected') throw outcome.reason;
        return outcome.value;
      },
    }),
  };
}

/** A source whose store is unsteady. */
export interface Unsteady extends AsyncDisposable {
  /** The source as one batch has it. */
  simulation(): MoodySimulation;
  /** How much each layer has had to do, by its name. */
  done(): Readonly<Record<string, number>>;
}

/** The source, and how many queries have failed for the store's mood, which no layer could help. */
interface MoodySimulation extends Simulation {
  readonly moody: number;
}

/** A simulated source with all its layers on, whose store fails, stalls and recovers at random. */
export async function unsteady(seed: number): Promise<Unsteady> {
  const random = randomOf(seed);
  const told = { started: [], finished: [], aborted: [] };
  const steady = fetching(told);
  let mood = 0;
  let left = MOODS[0]!.lasts;
  let openings = 0;
  let waited = 0;
  const fetch: Fetch = async (query, context) => {
    waited += Number(stateOf('rate')['queued']);
    if (left === 0) left = MOODS[(mood = (mood + 1) % MOODS.length)]!.lasts;
    left -= 1;
    const { fails, stalls } = MOODS[mood]!;
    for (const list of Object.values(told)) list.length = 0;
    if (random.chance(fails)) throw new CodapError('UNAVAILABLE', 'the store is in a bad mood');
    if (random.chance(stalls)) return untilAborted(context.signal, () => new Promise<never>(() => {}));
    if (query.op !== TOGETHER) return steady(query, context);
    if (random.chance(REFUSED)) throw new CodapError('TOO_LARGE', 'that is too much at once');
    const outcomes = await Promise.allSettled((query.params as readonly Query[]).map((one) => steady(one, context)));
    if (context.signal.aborted) throw context.signal.reason;
    return new TypedValue(outcomes);
  };
  const log: SourceLog = {
    warn(_fields, text) {
      if (!text.endsWith('its circuit is open')) return;
      openings += 1;
      left = Math.min(left, LASTS_OPEN);
    },
    info: () => {},
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
      Promise.resolve({
        fetch,
        merger: mergerOf(random),
        ping: () => Promise.resolve(),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
  };
  const config = parseConfig({ sources: { sim: { adapter: 'sim', ...ALL_LAYERS } } }, {}, { sim });
  const opened = await openSources(config, { sim }, log);
  const source = opened.sources.get('sim')!;
  const stateOf = (name: string) => source.layers.find((layer) => layer.name === name)!.state!();
  const simulation = (): MoodySimulation => {
    const call: Source['call'] = async (...asked) => {
      try {
        return await source.call(...asked);
      } catch (error) {
        const { code, message } = error as CodapError;
        // Nobody is to hear that several were too much at once.
        if (message !== 'told to fail' && code !== 'TOO_LARGE') own.moody += 1;
        throw error;
      }
    };
    const own = { source: { ...source, call }, ...told, moody: 0 };
    return own;
  };
  return {
    simulation,
    done: () => ({
      cache: Number(stateOf('cache')['hit']) + Number(stateOf('cache')['stale']),
      coalesce: Number(stateOf('coalesce')['coalesced']),
      merge: Number(stateOf('merge')['merged']),
      retry: Number(stateOf('retry')['retries']),
      hedge: Number(stateOf('hedge')['hedges']),
      breaker: openings,
      rate: waited,
    }),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}
