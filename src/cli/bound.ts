import type { Config } from '../config/load.ts';
import { type Bound, hearPrimary, tellPrimary } from '../service/primary.ts';

/** What a process has from its first moment to its last. */
const BOUND = ['host', 'port', 'metricsPort', 'workers'] as const;

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

/**
 * The configuration of a worker, which is that of the file, but for what needs a restart: that is as its
 * primary has it, however the file has changed by the time that it takes the place of another.
 */
export async function asPrimary(read: Config): Promise<Config> {
  const { metricsPort, tls } = await boundOfPrimary();
  return asBound(read, { ...read.server, metricsPort, tls }).config;
}

/** Where the primary is gone meanwhile, its end has this process end, too. */
function boundOfPrimary(): Promise<Bound> {
  return new Promise((resolve) => {
    const stop = hearPrimary({
      bound({ bound }) {
        stop();
        resolve(bound);
      },
    });
    tellPrimary({ kind: 'starting' });
  });
}
