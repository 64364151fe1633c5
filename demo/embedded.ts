import { deserialize } from 'bson';
import { DEMO_CREDENTIALS } from './credentials.ts';
import { COLLECTIONS, UNIQUE } from './data.ts';
import { Faults, type Rule } from './faults.ts';
import { type Served, type Stats } from './http/serve.ts';
import { type MongoServer, startMongo } from './mongo/server.ts';
import { putSampleObjects } from './objects.ts';
import { startRest } from './rest/server.ts';
import { type S3Server, startS3 } from './s3/server.ts';
import type { StoredOptions } from './s3/stored.ts';

/** The embedded stores' names. */
export type Store = 'mongo' | 's3' | 'rest';

/** What each store has counted. */
export interface AllStats {
  mongo: ReturnType<MongoServer['stats']>;
  s3: Stats;
  rest: Stats;
}

/** What the worker thread is started with: 0 is a free port. */
export interface EmbeddedOptions {
  ports: Record<Store, number>;
  data: boolean;
}

/**
 * All stores of the demo, as their worker thread holds them. What its methods take and answer can cross
 * threads.
 */
export class Embedded {
  readonly ports: Record<Store, number>;
  readonly #faults: Faults;
  readonly #rules = new Map<number, () => void>();
  readonly #loaded: Parameters<MongoServer['load']>[] = [];
  readonly #s3: S3Server;
  readonly #rest: Served;
  #mongo: MongoServer;
  #mongoDown = false;
  #lastRule = 0;

  static async start({ ports, data }: EmbeddedOptions): Promise<Embedded> {
    const faults = new Faults();
    const mongo = await startMongo({ port: ports.mongo, faults });
    const s3 = await startS3({ port: ports.s3, faults, credentials: DEMO_CREDENTIALS });
    const rest = await startRest({ port: ports.rest, faults });
    const embedded = new Embedded(faults, mongo, s3, rest);
    if (data) {
      for (const [name, documents] of Object.entries(COLLECTIONS))
        embedded.#load('shop', name, documents, UNIQUE[name]);
      putSampleObjects(s3);
    }
    return embedded;
  }

  private constructor(faults: Faults, mongo: MongoServer, s3: S3Server, rest: Served) {
    this.#faults = faults;
    this.#mongo = mongo;
    this.#s3 = s3;
    this.#rest = rest;
    this.ports = { mongo: mongo.port, s3: s3.port, rest: rest.port };
  }

  addFault(rule: Rule): number {
    this.#lastRule += 1;
    this.#rules.set(this.#lastRule, this.#faults.add(rule));
    return this.#lastRule;
  }

  removeFault(rule: number): void {
    this.#rules.get(rule)?.();
    this.#rules.delete(rule);
  }

  clearFaults(): void {
    this.#faults.clear();
    this.#rules.clear();
  }

  stats(): AllStats {
    return { mongo: this.#mongo.stats(), s3: this.#s3.stats(), rest: this.#rest.stats() };
  }

  /** Each document as BSON, so that every type survives the way between threads. */
  load(database: string, collection: string, documents: readonly Uint8Array[]): void {
    const exact = { promoteValues: false, bsonRegExp: true };
    this.#load(
      database,
      collection,
      documents.map((bytes) => deserialize(bytes, exact)),
    );
  }

  putObject(bucket: string, key: string, body: Uint8Array | string, options?: StoredOptions): void {
    this.#s3.putObject(bucket, key, body, options);
  }

  putSynthetic(bucket: string, key: string, size: number, options?: StoredOptions): void {
    this.#s3.putSynthetic(bucket, key, size, options);
  }

  async stop(store: Store): Promise<void> {
    if (store === 's3') return this.#s3.stop();
    if (store === 'rest') return this.#rest.stop();
    if (this.#mongoDown) return;
    this.#mongoDown = true;
    await this.#mongo.close();
  }

  async start(store: Store): Promise<void> {
    if (store === 's3') return this.#s3.start();
    if (store === 'rest') return this.#rest.start();
    if (!this.#mongoDown) return;
    this.#mongo = await startMongo({ port: this.ports.mongo, faults: this.#faults });
    this.#mongoDown = false;
    for (const loaded of this.#loaded) this.#mongo.load(...loaded);
  }

  #load(...loaded: Parameters<MongoServer['load']>): void {
    this.#loaded.push(loaded);
    this.#mongo.load(...loaded);
  }
}
