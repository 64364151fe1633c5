import { readFile } from 'node:fs/promises';
import { adapters } from '../../adapters/index.ts';
import type { Env } from './env.ts';
import { ConfigError } from './fault.ts';
import { readConfig } from './check-config.ts';
import type { Config } from './schema.ts';
import { readYaml } from './yaml.ts';

export type { Env } from './env.ts';
export { ConfigError } from './fault.ts';
export type { Config, Limits, SourceConfig } from './schema.ts';

/** Checks a configuration, `${NAME}` filled in from `env`. Throws ConfigError with every fault. */
export function parseConfig(raw: unknown, env: Env = {}): Config {
  return readConfig(raw, env, adapters);
}

/** Reads and checks a configuration file (YAML 1.2, of which JSON is a part). Throws ConfigError with every fault. */
export async function loadConfig(file: string, env: Env = process.env): Promise<Config> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ConfigError([{ path: file, detail: `cannot be read (${error.code ?? 'unknown error'})` }]);
  });
  return parseConfig(readYaml(text, file), env);
}
