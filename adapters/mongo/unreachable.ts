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

/**
 * Fails who waits for a server as soon as none can be reached: left to itself, the driver lets them wait
 * until their time is up. A server that is silent may be slow, and is waited for. So is a replica set of
 * which one member can be reached: it may be about to elect its primary.
 */
export function failWhereUnreachable(client: MongoClient): void {
  const answering = new Set<string>();
  const unreachable = new Set<string>();
  client.on('serverHeartbeatSucceeded', ({ connectionId: address }) => {
    answering.add(address);
    unreachable.delete(address);
  });
  client.on('serverHeartbeatFailed', ({ connectionId: address, failure }) => {
    // Of a server that has just answered, the connection alone may be broken: it is asked again at once.
    if (answering.delete(address)) return;
    if (failure instanceof MongoNetworkTimeoutError) unreachable.delete(address);
    else unreachable.add(address);
    // By then the driver has noted it, too.
    queueMicrotask(() => {
      const { topology } = client as unknown as { readonly topology?: Topology };
      if (topology?.description.servers.keys().every((it) => unreachable.has(it))) failWaiting(topology);
    });
  });
}

function failWaiting({ description, waitQueue }: Topology): void {
  for (let waiting = waitQueue.shift(); waiting; waiting = waitQueue.shift())
    waiting.reject(new MongoServerSelectionError('no server can be reached', description));
}
