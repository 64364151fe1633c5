import { buildConnector, type Pool } from 'undici';
import { readingFirst } from './reading-first.ts';

/** What a source says of its connections. */
interface Limits {
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly maxHeaderBytes?: number;
}

/** How a source's connections are opened and kept. */
export interface Connections {
  readonly connections: number;
  readonly connect: buildConnector.connector;
  readonly maxHeaderSize?: number;
}

/** The connections of a source, by what it may have of them; `own` is for the options of `net.connect`. */
export function connections({ concurrency, timeoutMs, maxHeaderBytes }: Limits, own: object = {}): Connections {
  return {
    // Twice: an answer that nobody reads, or a call given up while it connects, keeps its connection a moment
    // longer than its place.
    connections: 2 * concurrency,
    connect: readingFirst(buildConnector({ allowH2: false, timeout: timeoutMs, ...own })),
    ...(maxHeaderBytes !== undefined && { maxHeaderSize: maxHeaderBytes }),
  };
}

/** How undici keeps them. */
export function undiciConnections(source: Limits, own: object = {}): Pool.Options {
  const { connect, ...kept } = connections(source, own);
  return {
    ...kept,
    allowH2: false,
    connect: tellingResets(connect),
    // The deadline is kept by the signal; these would also count time in which codap itself does not read.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
}

/** Opens sockets of which undici is told a reset as anything else that breaks one. */
function tellingResets(open: buildConnector.connector): buildConnector.connector {
  return (origin, opened) =>
    open(origin, (...result) => {
      // Before undici listens.
      result[1]?.on('error', withoutCode);
      opened(...result);
    });
}

/** By its code alone undici takes a reset for the end of a body that has no length. */
function withoutCode(error: NodeJS.ErrnoException): void {
  if (error.code === 'ECONNRESET') delete error.code;
}
