import cluster from 'node:cluster';
import type { Logger } from 'pino';
import { adapters } from '../../adapters/index.ts';
import { type Config, ConfigError, type Env } from '../config/load.ts';
import { secretsOf } from '../config/secrets.ts';
import { warningsOf } from '../config/warnings.ts';
import type { Secrets } from '../service/log.ts';
import { asBound } from './bound.ts';
import { loadWhole } from './load-whole.ts';

/** Where a configuration came from, and who is told of it. */
export interface Origin {
  readonly file: string;
  readonly env: Env;
  readonly logger: Logger;
  readonly secrets: Secrets;
  /** Whether it is served on this machine's loopback addresses alone. */
  readonly onLoopback: boolean;
}

/** Tells what a configuration does that its operator should know: once, whatever the number of workers. */
export function warn(config: Config, { logger, onLoopback }: Pick<Origin, 'logger' | 'onLoopback'>): void {
  if (cluster.isWorker) return;
  if (!config.callers && !onLoopback) logger.warn('whoever reaches this port may ask: there are no `callers`');
  for (const { of, text } of warningsOf(config, adapters)) logger.warn(of, text);
}

/**
 * Reads the configuration again and has it taken; what needs a restart stays as the one in force has it.
 * Where that throws, the log says why; where `take` resolves to false, somebody has said so. Never rejects;
 * resolves to the one that is in force then.
 */
export async function reload(
  origin: Origin,
  inForce: Config,
  take: (config: Config) => Promise<boolean>,
): Promise<Config> {
  const { file, env, logger, secrets } = origin;
  try {
    const read = await loadWhole(file, env);
    secrets.add(secretsOf(read, adapters));
    const { config, paths } = asBound(read, inForce.server);
    if (!(await take(config))) return inForce;
    if (cluster.isWorker) return config;
    warn(config, origin);
    if (paths.length > 0) logger.warn({ paths }, 'this needs a restart: it stays as it was');
    const names = { sources: Object.keys(config.sources), batches: config.batches.map(({ name }) => name) };
    logger.info({ file, ...names }, 'the configuration was read again, and is in force');
    return config;
  } catch (error) {
    const what = error instanceof ConfigError ? { faults: error.faults } : { err: error };
    logger.error({ file, ...what }, 'the new configuration has faults: the old one stays in force');
    return inForce;
  }
}
