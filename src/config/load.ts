import type { Adapters } from '../../adapters/adapter.ts';
import { whyUnread } from '../ground/read-file.ts';
import { readBatches } from './batch-texts.ts';
import type { Env } from './env.ts';
import { ConfigError } from './fault.ts';
import { checkConfig, type CheckedConfig } from './parse-config.ts';
import { folderOf, readGiven } from './config-files.ts';
import { readYaml } from './yaml.ts';

export { type BatchText, readBatches } from './batch-texts.ts';
export type { CallerConfig, JwtConfig } from './caller-options.ts';
export type { Env } from './env.ts';
export { ConfigError, type ConfigFault } from './fault.ts';
export { checkConfig, type CheckedConfig, parseConfig, rightOf } from './parse-config.ts';
export { type Config, type Limits, MOST_WORKERS, type SourceConfig } from './schema.ts';

/**
 * Reads and checks a configuration file (YAML 1.2, of which JSON is a part), for whoever goes on with what is
 * right. Throws ConfigError for a file that cannot be read.
 */
export async function readConfig(file: string, env: Env, adapters: Adapters): Promise<CheckedConfig> {
  const text = await readGiven(file).catch((error: unknown) => {
    throw new ConfigError([{ path: file, detail: `cannot be read (${whyUnread(error)})` }]);
  });
  const { plain, exact } = readYaml(text, file);
  const { batches, callers } = exact instanceof Map ? (Object.fromEntries(exact) as Record<string, unknown>) : {};
  return checkConfig(plain, env, adapters, {
    file,
    folder: folderOf(file),
    batches: batches instanceof Map ? await readBatches(batches, file) : [],
    callers: callers instanceof Map ? Array.from(callers.keys(), String) : [],
  });
}
