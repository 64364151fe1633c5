import type { Adapters } from '../../adapters/adapter.ts';
import type { Config } from './schema.ts';

/** What a source's options do that its operator should know. */
export interface Warning {
  readonly source: string;
  readonly text: string;
}

/** What is allowed in a configuration, but comes at a price, as the adapters of its sources know it. */
export function warningsOf({ sources }: Pick<Config, 'sources'>, adapters: Adapters): readonly Warning[] {
  return Object.values(sources).flatMap((source) =>
    (adapters[source.adapter]?.warnings?.(source) ?? []).map((text) => ({ source: source.name, text })),
  );
}
