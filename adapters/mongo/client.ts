import { MongoClient, type Db } from 'mongodb';
import { isDead } from './failure.ts';
import type { MongoOptions } from './options.ts';

/** The source's one MongoClient: connected when first needed, shared by all, and replaced once it cannot work any more. */
export class Client implements AsyncDisposable {
  readonly #options: MongoOptions;
  #client: MongoClient | undefined;
  #connected: Promise<Db> | undefined;

  constructor(options: MongoOptions) {
    this.#options = options;
  }

  /** The database, once connected. Does not stop waiting when a caller leaves: others wait for the same connection. */
  db(): Promise<Db> {
    this.#connected ??= this.#connect();
    return this.#connected;
  }

  /** Says what a query failed with, so that the next one finds a client that works. */
  failed(error: unknown): void {
    if (isDead(error)) this.#drop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const client = this.#client;
    this.#connected = undefined;
    this.#client = undefined;
    await client?.close();
  }

  async #connect(): Promise<Db> {
    const { url, database, timeoutMs = 2000, concurrency = 100 } = this.#options;
    // Half of the time-out, so that a store that is down is told from one that is slow.
    const selectionMs = Math.max(1, Math.ceil(timeoutMs / 2));
    const client = new MongoClient(url, {
      appName: 'codap',
      // Twice: a command whose caller left may keep its connection a moment longer than its place.
      maxPoolSize: 2 * concurrency,
      retryReads: false,
      monitorCommands: false,
      serverSelectionTimeoutMS: selectionMs,
      connectTimeoutMS: selectionMs,
      // A server that was lost is asked again this often: one that is back is found before a query gives up.
      minHeartbeatFrequencyMS: Math.min(500, Math.ceil(selectionMs / 4)),
      waitQueueTimeoutMS: timeoutMs,
      // Queries end by their deadline; this ends a read that goes on in a stream.
      socketTimeoutMS: Math.max(30_000, 2 * timeoutMs),
    });
    this.#client = client;
    try {
      await client.connect();
    } catch (error) {
      // A client whose first connect failed answers "Topology is closed" for ever.
      if (this.#client === client) this.#drop();
      throw error;
    }
    return client.db(database);
  }

  #drop(): void {
    const client = this.#client;
    this.#connected = undefined;
    this.#client = undefined;
    client?.close().catch(() => undefined);
  }
}
