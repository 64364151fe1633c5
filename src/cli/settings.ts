import { lstatSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { LevelWithSilent } from 'pino';
import { type Config, type Env, MOST_WORKERS } from '../config/load.ts';
import { LEVELS } from '../service/log.ts';
import { StartFault, UsageFault } from './start-fault.ts';

/** What the command line says about where to listen. */
export interface ListenFlags {
  readonly host: string | undefined;
  readonly port: number | undefined;
}

/** Reads `--host` and `--port`. Throws UsageFault. */
export function toListenFlags({ host, port }: { host?: string | undefined; port?: string | undefined }): ListenFlags {
  if (host === '') throw new UsageFault('--host must name an address');
  return { host, port: port === undefined ? undefined : toPort(port, '--port', UsageFault) };
}

/** What Kubernetes, and links of Docker, set for a service of the name codap: no port to listen on. */
const SERVICE_LINK = /^(?:tcp|udp|sctp):\/\//;

/** Whether `CODAP_PORT` is not of the operator's making. */
export function hasServiceLink(env: Env): boolean {
  return SERVICE_LINK.test(env['CODAP_PORT'] ?? '');
}

/**
 * Where to listen: the command line, else `CODAP_HOST`, `CODAP_PORT` or `PORT`, else the configuration. An
 * empty variable counts as unset, and so does a link to a service. Throws StartFault, also where metrics
 * would have the same port.
 */
export function listenOn(
  { host, port }: ListenFlags,
  env: Env,
  { server }: Pick<Config, 'server'>,
): { host: string; port: number } {
  const names = hasServiceLink(env) ? ['PORT'] : ['CODAP_PORT', 'PORT'];
  const variable = names.find((name) => env[name]);
  const otherwise = variable === undefined ? server.port : toPort(env[variable]!, variable, StartFault);
  const where = { host: host ?? (env['CODAP_HOST'] || server.host), port: port ?? otherwise };
  if (where.port !== 0 && where.port === server.metricsPort)
    throw new StartFault(`server.metricsPort: another port than ${where.port}, where the service listens, is allowed`);
  return where;
}

function toPort(text: string, origin: string, Fault: typeof UsageFault | typeof StartFault): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new Fault(`${origin} must be a number from 0 to 65535`);
}

/** How many processes serve: `auto` is one for each core that this process may use. */
export function workersOf({ server: { workers } }: Pick<Config, 'server'>): number {
  return workers === 'auto' ? Math.min(availableParallelism(), MOST_WORKERS) : workers;
}

/** How much to log: `CODAP_LOG_LEVEL`, else the default. */
export function logLevel(env: Env, byDefault: LevelWithSilent): LevelWithSilent {
  const level = env['CODAP_LOG_LEVEL'] || byDefault;
  if ((LEVELS as readonly string[]).includes(level)) return level as LevelWithSilent;
  throw new StartFault(`CODAP_LOG_LEVEL must be one of: ${LEVELS.join(', ')}`);
}

/** The configuration file that the environment or the working directory has, if any; be it a broken link. */
export function defaultFile(env: Env): string | undefined {
  return env['CODAP_CONFIG'] || (isThere('codap.yaml') ? 'codap.yaml' : undefined);
}

function isThere(file: string): boolean {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // Who reads it says why it cannot be looked at.
    return true;
  }
}
