import { type State, type States, statesOf } from '../sources/layer.ts';
import type { Source } from '../sources/open.ts';
import { durationFamilies, type Family, type Series } from './family.ts';

/** A source as its metrics see it. */
export type Observed = Pick<Source, 'name' | 'calls' | 'layers'>;

/** A metric that the states of layers tell, together; several of their numbers by a label. */
interface FromLayers {
  readonly layers: readonly (keyof States)[];
  readonly family: Omit<Family, 'series'>;
  readonly states: readonly string[];
}

/** What the layers of a source count, a line each. */
const FROM_LAYERS: readonly FromLayers[] = [
  gauge('limit', ['running'], 'codap_source_running', 'Calls of the store that are under way.'),
  gauge(['limit', 'rate'], ['queued'], 'codap_source_queued', 'Calls that wait for a place, or for their rate.'),
  gauge('limit', ['limit'], 'codap_source_limit', 'How many calls may be under way.'),
  counter('retry', ['retries'], 'codap_retries', 'Attempts after one that failed.'),
  counter('hedge', ['hedges'], 'codap_hedges', 'Attempts beside one that takes long.'),
  counter('coalesce', ['coalesced'], 'codap_coalesced', 'Calls that shared an equal one under way.'),
  counter('merge', ['merged'], 'codap_merged', 'Point reads that shared the query of another.'),
  counter(
    'cache',
    ['hit', 'stale', 'miss'],
    'codap_cache',
    'Calls that a cache was asked for, by what it had.',
    'result',
  ),
  gauge('breaker', ['open'], 'codap_breaker_open', 'Whether the breaker keeps calls from the store.', 'max'),
];

/** What one layer counts, or several that count it alike. */
type Counted<Name extends keyof States> = keyof States[Name] & string;

function gauge<Name extends keyof States>(
  layers: Name | Name[],
  states: Counted<Name>[],
  name: string,
  help: string,
  across?: 'max',
): FromLayers {
  return {
    layers: [layers].flat(),
    states,
    family: { name, help, type: 'gauge', labels: ['source'], ...(across && { across }) },
  };
}

function counter<Name extends keyof States>(
  layer: Name,
  states: Counted<Name>[],
  name: string,
  help: string,
  label?: string,
): FromLayers {
  const labels = label === undefined ? ['source'] : ['source', label];
  return { layers: [layer], states, family: { name, help, type: 'counter', labels } };
}

const CALLS = {
  counter: { name: 'codap_calls', help: 'Calls of a source, by what became of them.' },
  histogram: { name: 'codap_call_seconds', help: 'How long a call took, a list or body until it was open.' },
  labels: ['source', 'op', 'code'],
};

/** What is known of sources: how they answered, and what their layers tell at this moment. */
export function sourceFamilies(sources: readonly Observed[]): readonly Family[] {
  const calls = sources.map(({ calls }) => calls);
  const told = sources.map(({ name, layers }) => [name, statesOf(layers)] as const);
  const seriesOf = ({ layers, states, family }: FromLayers): Series[] =>
    told.flatMap(([name, all]) => {
      const here: State[] = layers.map((layer) => all[layer]).filter((state) => state !== undefined);
      if (here.length === 0) return [];
      return states.map((key): Series => {
        const value = here.reduce((sum, state) => sum + state[key]!, 0);
        return [family.labels.length === 1 ? [name] : [name, key], [value]];
      });
    });
  return [
    ...durationFamilies(CALLS, calls),
    ...FROM_LAYERS.map((from) => ({ ...from.family, series: seriesOf(from) })),
  ];
}
