import { Circuit } from '../../src/sources/circuit.ts';
import type { CountingLayer } from '../../src/sources/layer.ts';
import { judge } from '../../src/sources/layers/breaker.ts';
import { rate, type RateOptions } from '../../src/sources/layers/rate.ts';

/** A rate right above a store, where tokens are spent: by what judges the store's calls. */
export function rated(options: Omit<RateOptions, 'name' | 'queue'> & Partial<RateOptions>): CountingLayer<'rate'> {
  const layer = rate({ name: 'shop', queue: 1000, ...options });
  const judging = judge(new Circuit({ name: 'shop', ratio: 1, calls: Infinity, openMs: 1000, wholeMs: 2000 }));
  return { ...layer, wrap: (next) => layer.wrap(judging.wrap(next)) };
}
