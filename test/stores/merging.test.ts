import { MongoClient, ObjectId } from 'mongodb';
import { describe, expect, inject, it } from 'vitest';
import { median } from '../../bench/median.ts';
import { Who } from '../../src/sources/call.ts';
import { mergingSuite } from '../adapter-suite/merging.ts';
import { bounds } from '../adapters/source.ts';
import { openSources, parseConfig } from '../configured.ts';

/** How many times as fast as by hand so many are, in how many pairs of rounds. */
const WANTED = 1.7;
const COUNT = 100;
const PAIRS = 40;
const WARMING = 5;

describe('merged point reads on a real server', () => {
  mergingSuite(async () => ({ url: inject('stores').mongoUrl }), 2000);

  it(`${COUNT} of them are at least ${WANTED} times as fast as ${COUNT} findOne by hand`, async () => {
    const url = inject('stores').mongoUrl;
    await using client = new MongoClient(url);
    const items = client.db('merging').collection('items');
    await items.drop();
    const ids = Array.from({ length: COUNT }, () => new ObjectId());
    await items.insertMany(ids.map((_id, at) => ({ _id, at, text: 'x'.repeat(200) })));
    const shop = { adapter: 'mongo', url, database: 'merging', collections: ['items'], timeoutMs: 10_000 };
    await using opened = await openSources(parseConfig({ sources: { shop } }));
    const source = opened.sources.get('shop')!;
    const nobody = new Who({ headers: {} });
    const fault = (path: readonly (string | number)[], detail: string): never => {
      throw new Error(`${path.join('/')}: ${detail}`);
    };
    const merged = (id: ObjectId) => {
      const filter = { _id: { $oid: id.toHexString() } };
      const params = source.prepare('findOne', { collection: 'items', filter }, fault);
      return source.call({ op: 'findOne', params, want: 'value' }, nobody, bounds());
    };
    const byHand = (_id: ObjectId) => items.findOne({ _id });
    const took = async (ask: (id: ObjectId) => Promise<unknown>): Promise<number> => {
      const began = performance.now();
      await Promise.all(ids.map(ask));
      return performance.now() - began;
    };
    const pair = async (): Promise<number> => (await took(byHand)) / (await took(merged));
    for (let round = 0; round < WARMING; round += 1) await pair();
    const ratios: number[] = [];
    for (let round = 0; round < PAIRS; round += 1) ratios.push(await pair());
    await items.drop();
    const ratio = median(ratios);
    console.info(`${ratio.toFixed(2)} times as fast`);
    expect(ratio).toBeGreaterThanOrEqual(WANTED);
  });
});
