import type { Adapters } from '../../adapters/adapter.ts';
import type { Config } from './schema.ts';

/** What a configuration holds that nobody may read, as the adapters of its sources know it. */
export function secretsOf({ sources }: Pick<Config, 'sources'>, adapters: Adapters): readonly string[] {
  return Object.values(sources).flatMap((source) => adapters[source.adapter]?.secrets(source) ?? []);
}
