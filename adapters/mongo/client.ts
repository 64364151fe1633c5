import { setTimeout } from 'node:timers/promises';
import { MongoClient, MongoTopologyClosedError } from 'mongodb';
import { joinedLookup } from '../../src/ground/joined-lookup.ts';
import { Database } from './database.ts';
import { ASK_AGAIN_MS, driverOptions } from './driver-options.ts';
import { isDead, isRefusal } from './failure.ts';
import type { MongoOptions } from './options.ts';
import { PromptConnection } from './prompt-connection.ts';
import { failWhereUnreachable } from './unreachable.ts';

/** What a server that was lost has to start anew in. */
const MOST_PATIENCE_MS = 1500;

/** For so long a store that refuses codap is not tried again; twice as long each time that it still does. */
const LEAST_PAUSE_MS = 1000;
const MOST_PAUSE_MS = 30_000;

/** A store's refusal, which all are told until it is tried again. */
interface Refusal {
  readonly error: unknown;
  readonly pauseMs: number;
  /** An instant. */
  readonly until: number;
}

/**
 * The source's one MongoClient: connected when first needed, shared by all, and replaced once it cannot work
 * any more.
 */
export class Client implements AsyncDisposable {
  readonly #options: MongoOptions;
  #client: MongoClient | undefined;
  #connecting: Promise<Database> | undefined;
  #connected: Database | undefined;
  /** When a client failed to connect for the last time, an instant. */
  #failedAt = -Infinity;
  /** Addresses of the servers that took codap's last login. */
  #serving: ReadonlySet<string> = new Set();
  #refusal: Refusal | undefined;
  #isRefused = false;

  constructor(options: MongoOptions) {
    this.#options = options;
  }

  /** The database, if it is connected. */
  get connected(): Database | undefined {
    return this.#isRefused ? undefined : this.#connected;
  }

  /** The database, once connected. It goes on when a caller leaves: others wait for the same connection. */
  async connect(): Promise<Database> {
    const { error, until } = this.#refusal ?? { until: -Infinity };
    if (performance.now() < until) throw error;
    this.#isRefused = false;
    this.#connecting ??= this.#connect();
    return this.#connecting;
  }

  /**
   * Says what a query failed with, so that the next one finds a client that works, or none where the store
   * refuses codap: each login that is tried in vain may count towards the account being locked. A server
   * that refuses codap is the driver's to avoid while another one serves.
   */
  failed(error: unknown): void {
    if (isDead(error)) this.#drop();
    else if (isRefusal(error) && this.#serving.size === 0) this.#pause(error);
  }

  #pause(error: unknown): void {
    const last = this.#refusal;
    // The others that failed with it, or are told it now.
    if (this.#isRefused || error === last?.error) return;
    const now = performance.now();
    const isStill = last !== undefined && now < last.until + last.pauseMs;
    const pauseMs = isStill ? Math.min(2 * last.pauseMs, MOST_PAUSE_MS) : LEAST_PAUSE_MS;
    this.#refusal = { error, pauseMs, until: now + pauseMs };
    this.#isRefused = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#forget()?.close();
  }

  async #connect(): Promise<Database> {
    const { url, database, timeoutMs } = this.#options;
    const ours = { connectionType: PromptConnection };
    const client = new MongoClient(url, {
      ...ours,
      ...driverOptions(this.#options),
      lookup: joinedLookup,
    });
    failWhereUnreachable(client, Math.min((2 / 3) * timeoutMs, MOST_PATIENCE_MS));
    this.#serving = servingOf(client);
    this.#client = client;
    const opened = new Database(client, database);
    try {
      const pause = this.#failedAt + ASK_AGAIN_MS - performance.now();
      if (pause > 0) await setTimeout(pause);
      if (this.#client !== client) throw new MongoTopologyClosedError('closed before it was connected');
      await client.connect();
    } catch (error) {
      this.#failedAt = performance.now();
      // Who asked may have left.
      this.failed(error);
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

/**
 * Keeps the addresses of a client's servers that took its last login. One that refuses it, or cannot be
 * reached, is of another type from then on, but for a load balancer: of that one nothing is known.
 */
function servingOf(client: MongoClient): ReadonlySet<string> {
  const serving = new Set<string>();
  if (client.options.loadBalanced) return serving;
  client.on('connectionReady', ({ address }) => serving.add(address));
  client.on('serverDescriptionChanged', ({ address, previousDescription, newDescription }) => {
    if (newDescription.type !== previousDescription.type) serving.delete(address);
  });
  client.on('serverClosed', ({ address }) => serving.delete(address));
  return serving;
}
