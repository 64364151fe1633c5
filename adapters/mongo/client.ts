import { MongoClient } from 'mongodb';
import { Database } from './database.ts';
import { isDead } from './failure.ts';
import { connectionsFor, type MongoOptions } from './options.ts';
import { PromptConnection } from './prompt-connection.ts';

/**
 * The source's one MongoClient: connected when first needed, shared by all, and replaced once it cannot work
 * any more.
 */
export class Client implements AsyncDisposable {
  readonly #options: MongoOptions;
  #client: MongoClient | undefined;
  #connecting: Promise<Database> | undefined;
  #connected: Database | undefined;

  constructor(options: MongoOptions) {
    this.#options = options;
  }

  /** The database, if it is connected. */
  get connected(): Database | undefined {
    return this.#connected;
  }

  /** The database, once connected. It goes on when a caller leaves: others wait for the same connection. */
  connect(): Promise<Database> {
    this.#connecting ??= this.#connect();
    return this.#connecting;
  }

  /** Says what a query failed with, so that the next one finds a client that works. */
  failed(error: unknown): void {
    if (isDead(error)) this.#drop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#forget()?.close();
  }

  async #connect(): Promise<Database> {
    const { url, database, timeoutMs, concurrency, retry, streamIdleMs } = this.#options;
    // So short that a store that is down is told from one that is slow, also where it is asked again.
    const selectionMs = Math.ceil(timeoutMs / (1 + (retry ? retry.attempts : 1)));
    const ours = { connectionType: PromptConnection };
    const client = new MongoClient(url, {
      ...ours,
      appName: 'codap',
      maxPoolSize: connectionsFor(concurrency),
      retryReads: false,
      monitorCommands: false,
      serverSelectionTimeoutMS: selectionMs,
      connectTimeoutMS: Math.ceil(timeoutMs / 2),
      // A server that was lost is asked again this often: one that is back is found before a query gives up.
      minHeartbeatFrequencyMS: Math.min(500, Math.ceil(selectionMs / 4)),
      // Queries end by their deadline, also while they wait for a connection: `waitQueueTimeoutMS` would cost
      // a timer for each. This is for what nobody waits for any more: all that is waited for ends before.
      socketTimeoutMS: Math.min(Math.max(30_000, 2 * timeoutMs, 2 * streamIdleMs), 2 ** 31 - 1),
    });
    this.#client = client;
    const opened = new Database(client, database);
    try {
      await client.connect();
    } catch (error) {
      // A client whose first connect failed answers "Topology is closed" for ever.
      if (this.#client === client) this.#drop();
      throw error;
    }
    if (this.#client === client) this.#connected = opened;
    return opened;
  }

  #drop(): void {
    this.#forget()
      ?.close()
      .catch(() => undefined);
  }

  #forget(): MongoClient | undefined {
    const client = this.#client;
    this.#connecting = undefined;
    this.#connected = undefined;
    this.#client = undefined;
    return client;
  }
}
