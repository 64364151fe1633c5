import Fastify from 'fastify';
import { MongoClient, ObjectId } from 'mongodb';
import { adapters } from '../adapters/index.ts';
import { listen } from '../src/cli/listen.ts';
import { parseConfig } from '../src/config/load.ts';
import { buildApp } from '../src/service/app.ts';
import { createLogger } from '../src/service/log.ts';
import { openSources } from '../src/sources/open.ts';

/** A service in a process of its own, codap or one by hand; it says its port, and, asked, its CPU time in ms and its peak RSS in bytes. */
const [, , kind, url] = process.argv as [string, string, keyof typeof kinds, string];
const where = { host: '127.0.0.1', port: 0 };

/** With its defaults, and its log. */
async function codap(): Promise<string> {
  const shop = { adapter: 'mongo', url, database: 'bench', collections: ['items'] };
  const config = parseConfig({ sources: { shop } }, {}, adapters);
  const { sources } = await openSources(config, adapters);
  return (await listen(await buildApp(config, { sources, logger: createLogger('info', []) }), where)).address;
}

interface Asked {
  /** One document for each; all of them where there are none. */
  readonly ids?: readonly string[];
}

/** What a good engineer writes first. */
async function byHand(): Promise<string> {
  const items = (await new MongoClient(url).connect()).db('bench').collection('items');
  const app = Fastify();
  app.post<{ Body: Asked }>('/kv', async ({ body: { ids } }) => {
    if (!ids) return { all: await items.find().toArray() };
    const found = await Promise.all(ids.map((id) => items.findOne({ _id: new ObjectId(id) })));
    return Object.fromEntries(found.map((document, at) => [`k${at}`, document]));
  });
  return app.listen(where);
}

const kinds = { codap, byHand };
process.send?.(Number(new URL(await kinds[kind]()).port));
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1000, peak: process.resourceUsage().maxRSS * 1024 });
});
process.once('disconnect', () => process.exit());
