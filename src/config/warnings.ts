import type { Adapters } from '../../adapters/adapter.ts';
import type { Config } from './schema.ts';

/** What a part of a configuration does that its operator should know. */
export interface Warning {
  /** Where it stands. */
  readonly of: { readonly source: string } | { readonly batch: string };
  readonly text: string;
}

const UNFILLED =
  'variables are filled in below server and sources alone: what looks like one here is taken as it is written';

/**
 * What is allowed in a configuration, but comes at a price, as the adapters of its sources know it, or may
 * not be what was meant.
 */
export function warningsOf(
  { sources, batches }: Pick<Config, 'sources' | 'batches'>,
  adapters: Adapters,
): readonly Warning[] {
  const ofSources = Object.values(sources).flatMap((source) =>
    (adapters[source.adapter]?.warnings?.(source) ?? []).map((text) => ({ of: { source: source.name }, text })),
  );
  const unfilled = batches.filter(({ json }) => json && /\$\{[A-Za-z_]\w*(?::-[^{}]*)?\}/.test(json.toString()));
  return [...ofSources, ...unfilled.map(({ name }) => ({ of: { batch: name }, text: UNFILLED }))];
}
