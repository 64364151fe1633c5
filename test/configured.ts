import type { Adapters } from '../adapters/adapter.ts';
import { adapters } from '../adapters/index.ts';
import * as config from '../src/config/load.ts';
import * as open from '../src/sources/open.ts';

/** Checks a configuration, of all kinds of store unless told. */
export function parseConfig(raw: unknown, env: config.Env = {}, kinds: Adapters = adapters): config.Config {
  return config.parseConfig(raw, env, kinds);
}

/** Reads and checks a configuration file, of all kinds of store. */
export async function loadConfig(file: string, env: config.Env = process.env): Promise<config.Config> {
  return config.rightOf(await config.readConfig(file, env, adapters));
}

/** Checks a configuration, of all kinds of store unless told, and reads the files that its options name. */
export async function checkConfig(raw: unknown, kinds: Adapters = adapters): Promise<config.Config> {
  return config.rightOf(await config.checkConfig(raw, {}, kinds));
}

/** Opens every source, of all kinds of store unless told. */
export function openSources(
  config: Pick<config.Config, 'sources' | 'limits'>,
  kinds: Adapters = adapters,
  log?: open.SourceLog,
): Promise<open.Sources> {
  return open.openSources(config, kinds, log);
}
