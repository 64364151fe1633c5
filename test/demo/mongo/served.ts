import { MongoClient } from 'mongodb';
import { afterAll, beforeAll } from 'vitest';
import { type MongoServer, startMongo } from '../../../demo/mongo/server.ts';

/** The demo's Mongo, and a client of it, while the tests of a file run. */
export function served(): { readonly server: MongoServer; readonly client: MongoClient } {
  const one = {} as { server: MongoServer; client: MongoClient };
  beforeAll(async () => {
    one.server = await startMongo();
    one.client = new MongoClient(`mongodb://127.0.0.1:${one.server.port}/`, { retryReads: false });
  });
  afterAll(async () => {
    await one.client.close();
    await one.server.close();
  });
  return one;
}
