import { adapters } from '../../adapters/index.ts';
import { type Config, ConfigError, type ConfigFault, type Env, readConfig } from '../config/load.ts';
import { openSaved } from '../saved/open-saved.ts';
import { openSources, type Sources } from '../sources/open.ts';

/**
 * Reads and checks a configuration file. Throws ConfigError with every fault; those of its saved batches only
 * beside others, for whoever opens it plans them.
 */
export async function loadWhole(file: string, env: Env): Promise<Config> {
  const { config, faults } = await readConfig(file, env, adapters);
  if (!config) throw new ConfigError(faults);
  if (faults.length > 0) {
    await using opened = await openSources(config, adapters);
    await planSaved(config, opened, faults);
  }
  return config;
}

/**
 * Plans the saved batches of a configuration, in which these faults were found; resolves to how many there
 * are. Throws ConfigError with theirs behind the others.
 */
export async function planSaved(
  config: Config,
  { sources }: Pick<Sources, 'sources'>,
  others: readonly ConfigFault[],
): Promise<number> {
  const faults = [...others];
  try {
    const { size } = await openSaved(config, sources);
    if (faults.length === 0) return size;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // A source that is there, but wrong, would be told of as unknown.
    const areAllThere = !others.some(({ path }) => path.startsWith('sources.'));
    faults.push(...error.faults.filter(({ path }) => areAllThere || !path.endsWith('/source')));
  }
  throw new ConfigError(faults);
}
