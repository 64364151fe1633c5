import Fastify from 'fastify';
import { MongoClient, ObjectId } from 'mongodb';
import { serveAs, where } from './paired-service.ts';

interface Asked {
  /** One document for each; all of them where there are none. */
  readonly ids?: readonly string[];
}

/** What a good engineer writes first. */
async function byHand(url: string): Promise<string> {
  const items = (await new MongoClient(url).connect()).db('bench').collection('items');
  const app = Fastify();
  app.post<{ Body: Asked }>('/kv', async ({ body: { ids } }) => {
    if (!ids) return { all: await items.find().toArray() };
    const found = await Promise.all(ids.map((id) => items.findOne({ _id: new ObjectId(id) })));
    return Object.fromEntries(found.map((document, at) => [`k${at}`, document]));
  });
  return app.listen(where);
}

const merged = (url: string) => ({ adapter: 'mongo', url, database: 'bench', collections: ['items'] });

await serveAs((url) => ({ sources: { merged: merged(url), alone: { ...merged(url), merge: false } } }), byHand);
