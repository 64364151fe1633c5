import type { Fetch, Layer } from '../store/fetch.ts';

/** Stacks layers over a fetch; the first one named sees a query first. */
export function stack(fetch: Fetch, ...layers: readonly (Layer | undefined)[]): Fetch {
  return layers.reduceRight<Fetch>((next, layer) => (layer ? layer(next) : next), fetch);
}
