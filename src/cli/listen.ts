import type { FastifyInstance } from 'fastify';
import { StartFault } from './fault.ts';

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use; choose another one with --port',
  EACCES: 'this port may not be opened; choose one above 1023 with --port',
  EADDRNOTAVAIL: 'this machine has no such address; choose another one with --host',
  ENOTFOUND: 'this host is not known; choose another one with --host',
};

/** Starts listening; resolves to the address. Throws StartFault if it cannot. */
export async function listen(app: FastifyInstance, { host, port }: { host: string; port: number }): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new StartFault(`cannot listen on ${host}:${port}: ${REASONS[code] ?? code}`);
  }
}
