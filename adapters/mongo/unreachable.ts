import {
  MongoNetworkTimeoutError,
  MongoServerSelectionError,
  type MongoClient,
  type TopologyDescription,
} from 'mongodb';

/** What the driver has of its servers and of those who wait for one; it declares neither. */
interface Topology {
  readonly description: TopologyDescription;
  readonly waitQueue: { shift(): { reject(error: Error): void } | null };
}

/** While somebody waits, a server is asked again sooner than that: what an older failure said may be over. */
const STALE_MS = 100;

/**
 * Fails who waits for a server as soon as none can be reached: left to itself, the driver lets them wait
 * until their time is up. A server cannot be reached once it failed to be; one that had answered is waited
 * for so long after that, as it may be starting anew. A server that is silent may be slow, and is waited
 * for. So is a replica set of which one member can be reached: it may be about to elect its primary.
 */
export function failWhereUnreachable(client: MongoClient, patienceMs: number): void {
  /** Those that have answered when they were last asked. */
  const answering = new Set<string>();
  /** Of each other that failed, the instant from which on it counts as unreachable. */
  const unreachable = new Map<string, number>();
  client.on('serverHeartbeatStarted', ({ connectionId: address }) => {
    if (unreachable.get(address)! < performance.now() - STALE_MS) unreachable.delete(address);
  });
  client.on('serverHeartbeatSucceeded', ({ connectionId: address }) => {
    answering.add(address);
    unreachable.delete(address);
  });
  client.on('serverHeartbeatFailed', ({ connectionId: address, failure }) => {
    const from = performance.now() + (answering.delete(address) ? patienceMs : 0);
    if (isSilence(failure)) unreachable.delete(address);
    else unreachable.set(address, Math.max(from, unreachable.get(address) ?? from));
    // By then the driver has noted it, too. It goes on to ask while somebody waits.
    queueMicrotask(() => {
      const { topology } = client as unknown as { readonly topology?: Topology };
      const now = performance.now();
      if (topology?.description.servers.keys().every((it) => unreachable.get(it)! <= now)) failWaiting(topology);
    });
  });
  client.on('serverClosed', ({ address }) => {
    answering.delete(address);
    unreachable.delete(address);
  });
  client.on('topologyDescriptionChanged', ({ newDescription }) => {
    // All were found to be of another replica set: it has nobody left to ask, now or later.
    if (newDescription.servers.size === 0) client.close().catch(() => undefined);
  });
}

/**
 * True of a server that took a connection and said nothing. Where there was no connection, or with TLS none
 * that was secure, only the driver's text tells.
 */
export function isSilence(failure: unknown): boolean {
  return failure instanceof MongoNetworkTimeoutError && !/^Socket '(c|secureC)onnect' timed out/.test(failure.message);
}

function failWaiting({ description, waitQueue }: Topology): void {
  for (let waiting = waitQueue.shift(); waiting; waiting = waitQueue.shift())
    waiting.reject(new MongoServerSelectionError('no server can be reached', description));
}
