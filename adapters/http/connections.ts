import { buildConnector, type Pool } from 'undici';

/** What a source says of its connections. */
interface Limits {
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly maxHeaderBytes?: number;
}

/** How a source's connections are kept. */
export interface Connections {
  readonly connections: number;
  readonly connect: { readonly timeout: number };
  readonly maxHeaderSize?: number;
}

/** The connections of a source, by what it may have of them. */
export function connections({ concurrency, timeoutMs, maxHeaderBytes }: Limits): Connections {
  return {
    // Twice: an answer that nobody reads, or a call given up while it connects, keeps its connection a moment
    // longer than its place.
    connections: 2 * concurrency,
    connect: { timeout: timeoutMs },
    ...(maxHeaderBytes !== undefined && { maxHeaderSize: maxHeaderBytes }),
  };
}

/** How undici keeps them; `own` is for the options of `net.connect`. */
export function undiciConnections(source: Limits, own: object = {}): Pool.Options {
  const { connect, ...kept } = connections(source);
  return {
    ...kept,
    allowH2: false,
    connect: connector({ ...connect, ...own }),
    // The deadline is kept by the signal; these would also count time in which codap itself does not read.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
}

/** Opens sockets as undici does, which is told of a reset as of anything else that breaks one. */
function connector(options: buildConnector.BuildOptions): buildConnector.connector {
  const open = buildConnector({ allowH2: false, ...options });
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
