import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Listening } from '../drain.ts';
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

/** Starts listening. Throws StartFault if it cannot. */
export async function listen(app: FastifyInstance, { host, port }: Where): Promise<Listening> {
  const servers: Server[] = [app.server];
  app.addHook('preClose', (done) => {
    for (const server of servers.slice(1)) server.close();
    done();
  });
  try {
    if (process.platform !== 'linux') return { address: await app.listen({ host, port }), servers };
    if (port !== 0 && (await isTaken({ host, port }))) throw Object.assign(new Error(), { code: 'EADDRINUSE' });
    const shared = { host, port, reusePort: true };
    const address = await app.listen(shared);
    for (const where of app.addresses() as AddressInfo[]) servers.push(...(await listenMore(app, where)));
    return { address, servers };
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new StartFault(`cannot listen on ${host}:${port}: ${REASONS[code] ?? code}`);
  }
}

async function listenMore(app: FastifyInstance, { address, port }: AddressInfo): Promise<Server[]> {
  const more = Array.from({ length: LISTENERS - 1 }, () => createServer({ allowHalfOpen: true, noDelay: true }));
  for (const server of more) {
    server.on('connection', (socket) => app.server.emit('connection', socket));
    server.listen({ host: address, port, reusePort: true });
    await once(server, 'listening');
  }
  return more;
}

/** Whether somebody listens there. A port that may be shared does not tell: another codap of the same user would get a part of the connections. */
async function isTaken(where: Where): Promise<boolean> {
  const socket = connect({ ...where, timeout: 1000 });
  socket.once('timeout', () => socket.destroy(new Error('no answer')));
  try {
    await once(socket, 'connect');
    // Where nobody listens, TCP can connect a port to itself.
    return socket.localPort !== socket.remotePort;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
