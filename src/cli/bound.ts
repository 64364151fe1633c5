import type { Config, Env } from '../config/load.ts';
import { StartFault } from './start-fault.ts';

/** What a process has from its first moment to its last. */
const BOUND = ['host', 'port', 'metricsPort', 'workers'] as const;
/** The variable by which a worker is told what the service began with. */
const BEGAN_WITH = 'CODAP_WORKER';

/** A configuration with what needs a restart as it is, and the paths of what is another in the file. */
export function asBound(read: Config, bound: Config['server']): { readonly config: Config; readonly paths: string[] } {
  const kept = BOUND.filter((name) => read.server[name] !== bound[name]);
  const { tls } = bound;
  // A certificate may be another one, but a port does not begin or cease to speak TLS.
  const isOther = (tls === undefined) !== (read.server.tls === undefined);
  const same = Object.fromEntries(BOUND.map((name) => [name, bound[name]]));
  const server = { ...read.server, ...same, ...(isOther && { tls }) };
  return { config: { ...read, server }, paths: [...kept, ...(isOther ? ['tls'] : [])].map((name) => `server.${name}`) };
}

/** What a worker is told, however the file has changed by the time that it takes the place of another. */
export function toldWorker({ metricsPort, tls }: Config['server']): Record<string, string> {
  return { [BEGAN_WITH]: JSON.stringify({ metricsPort, tls: tls !== undefined }) };
}

/** The configuration of a worker, which is that of the file, but for what needs a restart. */
export function asTold(read: Config, env: Env): Config {
  const told = env[BEGAN_WITH];
  if (told === undefined) return read;
  const { metricsPort, tls } = JSON.parse(told) as { metricsPort?: number; tls: boolean };
  if (tls && !read.server.tls) throw new StartFault('server.tls: whether it is there needs a restart to change');
  const bound = { ...read.server, metricsPort, tls: tls ? read.server.tls : undefined };
  return asBound(read, bound).config;
}
