import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Document } from 'bson';
import type { Faults } from '../faults.ts';
import { toRaw } from './bson.ts';
import { serve } from './connection.ts';
import { Cursors } from './cursors.ts';
import { Scram } from './scram.ts';
import { Store } from './store.ts';
import { type MongoStats, Tally } from './tally.ts';
import { withId } from './write.ts';

/** A MongoDB server in this process. */
export interface MongoServer {
  readonly port: number;
  /**
   * Adds documents, as an insert would (one whose `_id` is there already is left out), and an index for each
   * of these fields.
   */
  load(database: string, collection: string, documents: readonly Document[], indexed?: readonly string[]): void;
  stats(): MongoStats;
  /** Ends every connection, and resolves when the port is free. */
  close(): Promise<void>;
}

/**
 * How to start the embedded server: on a free port of 127.0.0.1, without faults and without a login, unless
 * told.
 */
export interface MongoOptions {
  port?: number;
  host?: string;
  faults?: Faults;
  username?: string;
  password?: string;
}

/**
 * Starts a server that speaks MongoDB's wire protocol (OP_MSG) and keeps its documents in memory. Rejects if
 * the port is taken.
 */
export async function startMongo({
  port = 0,
  host = '127.0.0.1',
  faults,
  username,
  password,
}: MongoOptions = {}): Promise<MongoServer> {
  const store = new Store();
  const cursors = new Cursors();
  const tally = new Tally();
  const scram = username !== undefined && password !== undefined ? new Scram(username, password) : undefined;
  const sockets = new Set<Socket>();

  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serve(socket, { store, cursors, ...(scram && { scram }) }, tally, faults);
  });
  listener.listen(port, host);
  await once(listener, 'listening');

  return {
    port: (listener.address() as AddressInfo).port,
    load(database, collection, documents, indexed = []) {
      const target = store.write(database, collection);
      for (const field of indexed) target.indexes.set(`${field}_1`, { [field]: 1 });
      for (const document of documents) target.insert(withId(toRaw(document)));
    },
    stats: () => tally.read(cursors.size),
    async close() {
      const closed = [listener, ...sockets].map((open) => once(open, 'close'));
      listener.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}
