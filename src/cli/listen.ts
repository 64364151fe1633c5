import cluster from 'node:cluster';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { type AddressInfo, BlockList, connect, createServer, type Server } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Listening } from '../service/drain.ts';
import { StartFault } from './start-fault.ts';

/** Where to listen; port 0 is any that is free. */
export interface Where {
  readonly host: string;
  readonly port: number;
}

/**
 * Listeners on the one port. libuv takes one connection from a listener in each turn of the event loop,
 * whatever waits: with a single one, a client that comes to a busy service waits for as many turns as there
 * are others before it.
 *
 * Workers listen so, each for itself, and the kernel spreads connections over all of their listeners by
 * chance: of many, each gets an equal part. Where a port cannot be shared so, node:cluster has the primary
 * take them and hand them on in turn. That spreads a few more evenly, but a worker takes one of them in
 * each turn of its event loop: of 200 that came at once to two workers whose turns took 20 ms, the last was
 * answered after 2.5 s, and like this after 0.3 to 0.6 s.
 */
const LISTENERS = process.platform === 'linux' ? 16 : 1;
const SHARED = process.platform === 'linux' ? { reusePort: true } : {};

/** The address is told once, by the primary. */
const UNADDRESSED = { listenTextResolver: () => 'worker listens' };

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/** `PORT` stands for what sets the port. */
const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use; choose another one with PORT',
  EACCES: 'this port may not be opened; choose one above 1023 with PORT',
  EADDRNOTAVAIL: 'this machine has no such address; choose another one with --host',
  ENOTFOUND: 'this host is not known; choose another one with --host',
};

/** Whether listening there is listening on this machine's loopback addresses alone. */
export async function isLoopback({ host }: Pick<Where, 'host'>): Promise<boolean> {
  // A host that nobody knows is told of when codap tries to listen there.
  const found = await lookup(host, { all: true }).catch(() => []);
  return found.length > 0 && found.every(({ address, family }) => LOOPBACK.check(address, `ipv${family as 4 | 6}`));
}

/** Starts listening. Throws StartFault if it cannot. Of workers, only the first asks if the port is free. */
export async function listen(app: FastifyInstance, where: Where): Promise<Listening> {
  const { host, port } = where;
  const servers: Server[] = [app.server];
  app.addHook('preClose', (done) => {
    for (const server of servers.slice(1)) server.close();
    done();
  });
  try {
    const isFirst = (cluster.worker?.id ?? 1) === 1;
    if (isFirst && port !== 0 && (await isTaken(where))) throw Object.assign(new Error(), { code: 'EADDRINUSE' });
    // Fastify would give the second address of localhost a server of its own, whose connections are nobody's.
    const [first = host, ...others] = host === 'localhost' ? await addressesOf(host) : [host];
    const address = await app.listen({ host: first, port, ...SHARED, ...(cluster.isWorker && UNADDRESSED) });
    const bound = app.server.address() as AddressInfo;
    servers.push(...(await listenMore(app, bound, LISTENERS - 1)));
    for (const other of others) {
      // As with any server, one address of localhost is enough.
      servers.push(...(await listenMore(app, { address: other, port: bound.port }, LISTENERS).catch(() => [])));
    }
    return { address, servers };
  } catch (error) {
    throw cannotListen(where, error, '--port');
  }
}

/**
 * Starts listening for what is asked seldom. Throws StartFault if it cannot, naming the option that sets the
 * port.
 */
export async function listenOnce(app: FastifyInstance, where: Where, what: string, option: string): Promise<void> {
  try {
    await app.listen({ ...where, listenTextResolver: (address) => `${what} at ${address}` });
  } catch (error) {
    throw cannotListen(where, error, option);
  }
}

function cannotListen({ host, port }: Where, error: unknown, option: string): StartFault {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  return new StartFault(`cannot listen on ${host}:${port}: ${REASONS[code]?.replace('PORT', option) ?? code}`);
}

async function addressesOf(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

async function listenMore(
  app: FastifyInstance,
  { address, port }: Pick<AddressInfo, 'address' | 'port'>,
  count: number,
): Promise<Server[]> {
  const more = Array.from({ length: count }, () => createServer({ allowHalfOpen: true, noDelay: true }));
  for (const server of more) {
    server.on('connection', (socket) => app.server.emit('connection', socket));
    server.listen({ host: address, port, ...SHARED });
    await once(server, 'listening');
  }
  return more;
}

/**
 * Whether somebody listens there. Where a port may be shared, listening alone does not tell: another codap of
 * the same user would get a part of the connections.
 */
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
