import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { StartFault } from './fault.ts';

/** Where to listen; port 0 is any that is free. */
interface Where {
  readonly host: string;
  readonly port: number;
}

/**
 * Listeners on the one port. libuv takes one connection from a listener in each turn of the event loop, whatever waits:
 * with a single one, a client that comes to a busy service waits for as many turns as there are others before it.
 */
const LISTENERS = 16;

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use; choose another one with --port',
  EACCES: 'this port may not be opened; choose one above 1023 with --port',
  EADDRNOTAVAIL: 'this machine has no such address; choose another one with --host',
  ENOTFOUND: 'this host is not known; choose another one with --host',
};

/** Starts listening; resolves to the address. Throws StartFault if it cannot. */
export async function listen(app: FastifyInstance, { host, port }: Where): Promise<string> {
  try {
    return await (process.platform === 'linux' ? listenOften(app, { host, port }) : app.listen({ host, port }));
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new StartFault(`cannot listen on ${host}:${port}: ${REASONS[code] ?? code}`);
  }
}

async function listenOften(app: FastifyInstance, where: Where): Promise<string> {
  const more: Server[] = [];
  app.addHook('preClose', (done) => {
    for (const server of more) server.close();
    done();
  });
  const shared = { ...(await free(where)), reusePort: true };
  const address = await app.listen(shared);
  for (const { address: host, port } of app.addresses() as AddressInfo[]) {
    for (let count = 1; count < LISTENERS; count += 1) {
      const server = createServer({ allowHalfOpen: true, noDelay: true });
      server.on('connection', (socket) => app.server.emit('connection', socket));
      more.push(server);
      server.listen({ host, port, reusePort: true });
      await once(server, 'listening');
    }
  }
  return address;
}

/** A port that may be shared does not tell that it is in use: this asks before. */
async function free({ host, port }: Where): Promise<Where> {
  const server = createServer().listen({ host, port });
  await once(server, 'listening');
  const found = (server.address() as AddressInfo).port;
  server.close();
  await once(server, 'close');
  return { host, port: found };
}
