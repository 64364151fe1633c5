import { connectionsFor, type MongoOptions } from './options.ts';

/**
 * While a query waits for a server, those that do not answer are asked so often, and no more: it learns soon
 * that none can be reached, and one that is back is found before it gives up.
 */
export const ASK_AGAIN_MS = 50;

/** What codap has the driver do, whatever the connection string says. */
export function driverOptions(options: MongoOptions) {
  const { timeoutMs, streamIdleMs } = options;
  return {
    appName: 'codap',
    maxPoolSize: connectionsFor(options),
    retryReads: false,
    monitorCommands: false,
    // Almost as long as any query: where there is no server at all, it fails before. A client that has to
    // connect first may take longer than one query has, and be there for the next.
    serverSelectionTimeoutMS: Math.ceil(0.9 * timeoutMs),
    connectTimeoutMS: Math.ceil(timeoutMs / 2),
    minHeartbeatFrequencyMS: ASK_AGAIN_MS,
    // Queries end by their deadline, also while they wait for a connection: `waitQueueTimeoutMS` would cost
    // a timer for each. This is for what nobody waits for any more: all that is waited for ends before.
    socketTimeoutMS: Math.min(Math.max(30_000, 2 * timeoutMs, 2 * streamIdleMs), 2 ** 31 - 1),
  };
}

/** By what an operator sets each of them that a connection string can name. */
const INSTEAD: Partial<Record<keyof ReturnType<typeof driverOptions>, string>> = {
  appName: 'it is codap',
  retryReads: '`retry` of the source does that',
  serverSelectionTimeoutMS: 'it goes by `timeoutMs` of the source',
  connectTimeoutMS: 'it goes by `timeoutMs` of the source',
  socketTimeoutMS: 'queries end by `timeoutMs` of the source, or their own',
};

/** The options of a connection string that do not count. */
export function unheeded(url: string): readonly string[] {
  const named = new Set(
    Array.from(new URLSearchParams(url.replace(/^[^?]*/, '')).keys(), (name) => name.toLowerCase()),
  );
  return Object.entries(INSTEAD)
    .filter(([name]) => named.has(name.toLowerCase()))
    .map(([name, instead]) => `${name} of the url does not count: ${instead}`);
}
