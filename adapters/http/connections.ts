import type { Pool } from 'undici';

/** How undici keeps a source's connections; `connect` is for the options of `net.connect`. */
export function connections(
  source: { readonly concurrency: number; readonly timeoutMs: number; readonly maxHeaderBytes?: number },
  connect: object = {},
): Pool.Options {
  const { concurrency, timeoutMs, maxHeaderBytes } = source;
  return {
    // Twice: an answer that nobody reads, or a call given up while it connects, keeps its connection a moment
    // longer than its place.
    connections: 2 * concurrency,
    allowH2: false,
    connect: { timeout: timeoutMs, ...connect },
    // The deadline is kept by the signal; these would also count time in which codap itself does not read.
    headersTimeout: 0,
    bodyTimeout: 0,
    ...(maxHeaderBytes !== undefined && { maxHeaderSize: maxHeaderBytes }),
  };
}
