import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Adapters } from '../../adapters/adapter.ts';
import type { Env } from './env.ts';
import { ConfigError } from './fault.ts';
import { parseConfig } from './parse-config.ts';
import type { Config } from './schema.ts';
import { readYaml } from './yaml.ts';

export type { Env } from './env.ts';
export { ConfigError } from './fault.ts';
export { parseConfig } from './parse-config.ts';
export { type Config, type Limits, MOST_WORKERS, type SourceConfig } from './schema.ts';

/**
 * Reads and checks a configuration file (YAML 1.2, of which JSON is a part). Throws ConfigError with every
 * fault.
 */
export async function loadConfig(file: string, env: Env, adapters: Adapters): Promise<Config> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ConfigError([{ path: file, detail: `cannot be read (${error.code ?? 'unknown error'})` }]);
  });
  return parseConfig(readYaml(text, file), env, adapters, dirname(file));
}
