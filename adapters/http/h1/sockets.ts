import type { OnReadOpts, Socket } from 'node:net';
import type { Connections } from '../connections.ts';

/** Opens a socket, or tells why not. */
export type Connect = (opened: (error: Error | null, socket: Socket | null) => void) => void;

/** Who takes what a socket reads; false if no more of it is taken for now. */
interface Reader {
  read(memory: Buffer, bytes: number): boolean;
}

const READER = Symbol('reader');
type Read = Socket & { [READER]?: Reader };

/** What all sockets are read into, one after the other: a reader copies what it keeps. */
const intoShared: OnReadOpts = {
  buffer: Buffer.allocUnsafeSlow(65_536),
  callback(this: Read, bytes, memory) {
    return this[READER]?.read(memory as Buffer, bytes) ?? false;
  },
};

/**
 * Opens sockets to an origin, by undici's connector: it tries every address, checks certificates, keeps the
 * sessions of TLS, and gives up after a time.
 */
export function connector(origin: URL, by: Connections['connector']): Connect {
  const open = by({ onread: intoShared });
  const { host, protocol, port } = origin;
  const hostname = origin.hostname.replace(/^\[(.*)\]$/, '$1');
  return (opened) => open({ host, hostname, protocol, port }, opened);
}

/** From now on a socket of these is read by this reader. */
export function readBy(socket: Socket, reader: Reader): void {
  (socket as Read)[READER] = reader;
}
