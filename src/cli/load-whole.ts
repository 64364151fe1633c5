import { adapters } from '../../adapters/index.ts';
import { type CheckedConfig, type Config, ConfigError, type Env, readConfig } from '../config/load.ts';
import { NOT_OPEN } from '../batch/plan/plan-query.ts';
import type { Warning } from '../config/warnings.ts';
import { openSaved } from '../saved/open-saved.ts';
import type { SavedBatch } from '../saved/saved-batch.ts';
import { openSources, type Sources } from '../sources/open.ts';

/**
 * Reads and checks a configuration file. Throws ConfigError with every fault; those of its saved batches only
 * beside others, for whoever opens it plans them.
 */
export async function loadWhole(file: string, env: Env): Promise<Config> {
  const checked = await readConfig(file, env, adapters);
  const { config, faults } = checked;
  if (!config) throw new ConfigError(faults);
  if (faults.length > 0) {
    await using opened = await openSources(config, adapters);
    await planSaved(config, opened, checked);
  }
  return config;
}

/**
 * Plans the saved batches of a configuration, of which this was found; resolves to them, by their names.
 * Throws ConfigError with their faults behind the others.
 */
export async function planSaved(
  config: Config,
  { sources }: Pick<Sources, 'sources'>,
  { sourceNames, faults: others }: CheckedConfig,
): Promise<ReadonlyMap<string, SavedBatch>> {
  const faults = [...others];
  try {
    const saved = await openSaved(config, new Map(sourceNames.map((name) => [name, sources.get(name)])));
    if (faults.length === 0) return saved;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // What is wrong with a source is told of the source.
    faults.push(...error.faults.filter(({ detail }) => detail !== NOT_OPEN));
  }
  throw new ConfigError(faults);
}

/** What the operator should know of saved batches. */
export function warningsOfSaved(saved: ReadonlyMap<string, SavedBatch>): readonly Warning[] {
  return [...saved.values()].flatMap(({ name, warnings }) => warnings.map((text) => ({ of: { batch: name }, text })));
}
