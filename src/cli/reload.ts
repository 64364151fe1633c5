import cluster from 'node:cluster';
import type { Logger } from 'pino';
import { adapters } from '../../adapters/index.ts';
import { type Config, ConfigError, type Env } from '../config/load.ts';
import { secretsOf } from '../config/secrets.ts';
import { warningsOf } from '../config/warnings.ts';
import type { Secrets } from '../service/log.ts';
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

/** What a process has from its first moment to its last. */
const BOUND = ['host', 'port', 'metricsPort', 'workers'] as const;

/** Tells what a configuration does that its operator should know: once, whatever the number of workers. */
export function warn(config: Config, { logger, onLoopback }: Pick<Origin, 'logger' | 'onLoopback'>): void {
  if (cluster.isWorker) return;
  if (!config.callers && !onLoopback) logger.warn('whoever reaches this port may ask: there are no `callers`');
  for (const { source, text } of warningsOf(config, adapters)) logger.warn({ source }, text);
}

/**
 * Reads the configuration again and has it taken; what needs a restart stays as the one in force has it.
 * Where that throws, the log says why; where `take` resolves to false, somebody has said so. Never rejects;
 * resolves to whether it was taken.
 */
export async function reload(
  origin: Origin,
  { server: bound }: Config,
  take: (config: Config) => Promise<boolean>,
): Promise<boolean> {
  const { file, env, logger, secrets } = origin;
  try {
    const read = await loadWhole(file, env);
    secrets.add(secretsOf(read, adapters));
    const kept = BOUND.filter((name) => read.server[name] !== bound[name]);
    const { tls } = bound;
    // A certificate may be another one, but a port does not begin or cease to speak TLS.
    const isOther = (tls === undefined) !== (read.server.tls === undefined);
    const server = {
      ...read.server,
      ...Object.fromEntries(BOUND.map((name) => [name, bound[name]])),
      ...(isOther && { tls }),
    };
    const config: Config = { ...read, server };
    if (!(await take(config))) return false;
    if (cluster.isWorker) return true;
    warn(config, origin);
    if (kept.length > 0 || isOther) {
      const paths = [...kept, ...(isOther ? ['tls'] : [])].map((name) => `server.${name}`);
      logger.warn({ paths }, 'this needs a restart: it stays as it was');
    }
    const names = { sources: Object.keys(config.sources), batches: config.batches.map(({ name }) => name) };
    logger.info({ file, ...names }, 'the configuration was read again, and is in force');
    return true;
  } catch (error) {
    const what = error instanceof ConfigError ? { faults: error.faults } : { err: error };
    logger.error({ file, ...what }, 'the new configuration has faults: the old one stays in force');
    return false;
  }
}
