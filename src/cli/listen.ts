import cluster from 'node:cluster';
import dns from 'node:dns/promises';
import { once } from 'node:events';
import { type AddressInfo, BlockList, connect, createServer, type Server } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { FastifyInstance, FastifyListenOptions } from 'fastify';
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
const SHARED = process.platform === 'linux';

/** The address is told once, by the primary. */
const UNADDRESSED = { listenTextResolver: () => 'worker listens' };

/** A port on which hardly anybody listens (tcpmux, RFC 1078). */
const UNUSED = 1;

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/** `PORT` stands for what sets the port. */
const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use; choose another one with PORT',
  EACCES: 'this port may not be opened; choose one above 1023 with PORT',
  EADDRNOTAVAIL: 'this machine has no such address; choose another one with --host',
  ENOTFOUND: 'this host is not known; choose another one with --host',
  EMFILE: 'too many files are open; raise the limit, as by ulimit -n',
};

/** Whether listening there is listening on this machine's loopback addresses alone. */
export async function isLoopback({ host }: Pick<Where, 'host'>): Promise<boolean> {
  // A host that nobody knows is told of when codap tries to listen there.
  const found = await dns.lookup(host, { all: true }).catch(() => []);
  return found.length > 0 && found.every(({ address, family }) => LOOPBACK.check(address, `ipv${family as 4 | 6}`));
}

/** Starts listening. Throws StartFault if it cannot. Of workers, only the first asks if the port is free. */
export async function listen(app: FastifyInstance, where: Where): Promise<Listening> {
  try {
    const isFirst = (cluster.worker?.id ?? 1) === 1;
    if (isFirst && where.port !== 0 && (await isTaken(where))) throw Object.assign(new Error(), { code: 'EADDRINUSE' });
    return await bind(app, where, { listeners: LISTENERS, reusePort: SHARED, ...(cluster.isWorker && UNADDRESSED) });
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
    await bind(app, where, {
      listeners: 1,
      reusePort: false,
      listenTextResolver: (address) => `${what} at ${address}`,
    });
  } catch (error) {
    throw cannotListen(where, error, option);
  }
}

function cannotListen({ host, port }: Where, error: unknown, option: string): StartFault {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  return new StartFault(`cannot listen on ${host}:${port}: ${REASONS[code]?.replace('PORT', option) ?? code}`);
}

interface Binding extends Pick<FastifyListenOptions, 'listenTextResolver'> {
  /** How many, on each address. */
  readonly listeners: number;
  /** Whether they share the port, with others, too. */
  readonly reusePort: boolean;
}

/** Has an app take the connections of all the addresses of a host. */
async function bind(app: FastifyInstance, { host, port }: Where, how: Binding): Promise<Listening> {
  const { listeners, reusePort, ...told } = how;
  const servers: Server[] = [app.server];
  app.addHook('preClose', (done) => {
    for (const server of servers.slice(1)) server.close();
    done();
  });
  const [first = host, ...others] = await hostsOf(host);
  // Node knows of it, and Fastify hands on what it is given.
  const shared = { reusePort };
  const address = await app.listen({ host: first, port, ...told, ...shared });
  const bound = app.server.address() as AddressInfo;
  const more = async (at: string, count: number): Promise<void> => {
    servers.push(...(await listenMore(app, { host: at, port: bound.port, ...shared }, count)));
  };
  await more(bound.address, listeners - 1);
  // As with any server, one address of localhost is enough.
  for (const other of others) await more(other, listeners).catch(() => {});
  return { address, servers };
}

/** Fastify would give the second address of localhost a server of its own, whose connections are nobody's. */
async function hostsOf(host: string): Promise<string[]> {
  return host === 'localhost' ? (await dns.lookup(host, { all: true })).map(({ address }) => address) : [host];
}

async function listenMore(
  app: FastifyInstance,
  where: Where & Pick<Binding, 'reusePort'>,
  count: number,
): Promise<Server[]> {
  // As Node's own servers have it. A half of TLS would stay open until the time for the handshake is over.
  const allowHalfOpen = !(app.server instanceof TlsServer);
  const more = Array.from({ length: count }, () => createServer({ allowHalfOpen, noDelay: true }));
  for (const server of more) {
    server.on('connection', (socket) => app.server.emit('connection', socket));
    server.listen(where);
    await once(server, 'listening');
  }
  return more;
}

/**
 * Whether somebody listens there. Where a port may be shared, listening as the service does would not tell:
 * another codap of the same user would get a part of the connections. Who listens without that has to close
 * again, and resets the clients that came meanwhile. So a connection is begun that comes from there.
 */
async function isTaken({ host, port }: Where): Promise<boolean> {
  for (const at of await hostsOf(host)) {
    try {
      const { address, family } = await dns.lookup(at);
      const to = family === 6 ? '::1' : '127.0.0.1';
      const socket = connect({ host: to, port: UNUSED, localAddress: address, localPort: port, timeout: 1000 });
      socket.once('timeout', () => socket.destroy(new Error('no answer')));
      await once(socket, 'connect').finally(() => socket.destroy());
    } catch (error) {
      // What else keeps from it is told by listening.
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return true;
    }
  }
  return false;
}
