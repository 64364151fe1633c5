import type { Socket } from 'node:net';
import { buildConnector, type Pool } from 'undici';
import { joinedLookup } from '../../src/ground/joined-lookup.ts';
import { readFirst } from './reading-first.ts';
import { noteStale } from './stale-sockets.ts';

/** What a source says of its connections. */
interface Limits {
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly maxHeaderBytes?: number;
}

/** How a source's connections are opened and kept. */
export interface Connections {
  readonly connections: number;
  /** What opens sockets, with these options of `net.connect` and `tls.connect`. */
  readonly connector: (own: object) => buildConnector.connector;
  readonly maxHeaderSize?: number;
}

/** The connections of a source, by what it may have of them. */
export function connections({ concurrency, timeoutMs, maxHeaderBytes }: Limits): Connections {
  return {
    // Twice: an answer that nobody reads, or a call given up while it connects, keeps its connection a moment
    // longer than its place.
    connections: 2 * concurrency,
    connector: (own) =>
      opening(buildConnector({ allowH2: false, timeout: timeoutMs, lookup: joinedLookup, ...own }), readFirst),
    ...(maxHeaderBytes !== undefined && { maxHeaderSize: maxHeaderBytes }),
  };
}

/** How undici keeps them; `own` is for the options of `net.connect` and `tls.connect`. */
export function undiciConnections(source: Limits, own: object = {}): Pool.Options {
  const { connector, ...kept } = connections(source);
  return {
    ...kept,
    allowH2: false,
    connect: opening(connector(own), noteStale, tellResets),
    // The deadline is kept by the signal; these would also count time in which codap itself does not read.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
}

/** Opens sockets, each made something of before anybody listens to it. */
function opening(open: buildConnector.connector, ...made: ((socket: Socket) => void)[]): buildConnector.connector {
  return (origin, opened) =>
    open(origin, (...result) => {
      const [, socket] = result;
      if (socket) for (const make of made) make(socket);
      opened(...result);
    });
}

/**
 * By its code alone undici takes a reset for the end of a body that has no length, and for the failure of a
 * request that it has not sent yet.
 */
function tellResets(socket: Socket): void {
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ECONNRESET') return;
    error.cause = Object.assign(new Error(), { code: error.code });
    error.code = 'UND_ERR_SOCKET';
  });
}
