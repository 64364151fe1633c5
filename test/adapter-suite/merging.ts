import { Binary, Decimal128, Double, Long, ObjectId, UUID } from 'bson';
import fc from 'fast-check';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { adapters } from '../../adapters/index.ts';
import type { Adapter, Connection, Merger } from '../../adapters/adapter.ts';
import { accept } from '../../src/batch/modifiers/accept.ts';
import type { Given } from '../../src/batch/template/fill-template.ts';
import { atOnce } from '../../src/budget/work.ts';
import type { SourceConfig } from '../../src/config/load.ts';
import { toCodapError } from '../../src/errors.ts';
import { merge } from '../../src/sources/layers/merge.ts';
import type { Fetch } from '../../src/store/fetch.ts';
import type { Value } from '../../src/store/payload.ts';
import { context } from '../adapters/source.ts';
import { parseConfig } from '../configured.ts';
import type { MongoUnderTest } from './mongo.ts';

const ID = '66f0000000000000000e0001';
const DATABASE = 'merging';

/** Documents whose ids and other names are of all kinds, some of them hard to tell from each other. */
const documents = [
  { _id: 1, email: 'ada@example.org', name: 'Ada', nested: { code: 1 }, '7': 'seven', '3': 'three' },
  { _id: new Double(2), email: 2, name: 'two', tags: ['a', 'b'] },
  { _id: Long.fromNumber(3), email: Long.fromNumber(3), big: Long.MAX_VALUE },
  { _id: Decimal128.fromString('4.00'), email: Decimal128.fromString('40E-1'), nested: { code: 'x' } },
  { _id: 0.5, email: 0.5, name: 'half' },
  { _id: Long.fromString('9007199254740993'), email: 'odd' },
  { _id: new ObjectId(ID), email: new ObjectId(ID), name: 'id' },
  { _id: ID, email: ID, name: 'the text of an id' },
  { _id: 'one', email: ['one', 'uno', 1, 11], name: 'a list' },
  { _id: 'two', email: ['zwei', new Double(22), Decimal128.fromString('22.5')], nested: [{ code: 5 }, { code: 6 }] },
  { _id: true, email: false, name: 'yes' },
  { _id: new Date(5), email: new Date(6), name: 'then' },
  { _id: new UUID('0f8fad5b-d9cb-469f-a165-70867728950e'), email: new Binary(Buffer.from('abc')), name: 'bytes' },
  { _id: 'large', email: 'large@example.org', text: 'x'.repeat(3000) },
  { _id: 'Grüße', email: 'Grüße 🌊', name: 'words' },
  { _id: '', email: '', name: 'empty' },
  { _id: { a: 1 }, email: null, name: 'nobody' },
];

/** What is asked for, as Extended JSON: there, not there, and equal in another type to what is there. */
const values: readonly unknown[] = [
  1,
  2,
  3,
  4,
  5,
  11,
  22,
  22.5,
  0.5,
  -0,
  true,
  false,
  null,
  '',
  'one',
  'uno',
  'zwei',
  'two',
  'large',
  'missing',
  'odd',
  'ada@example.org',
  'ADA@example.org',
  'large@example.org',
  'Grüße',
  'Grüße 🌊',
  'Gru\u0308ße',
  ID,
  ...['1', '1.0', '3', '22', '0.5', '9007199254740993'].map((it) => ({ $numberDecimal: it })),
  ...['1', '2', '3', '4', '22', '9007199254740993'].map((it) => ({ $numberLong: it })),
  ...['1.0', '2', '4', '22.5', '9007199254740992', 'NaN'].map((it) => ({ $numberDouble: it })),
  { $oid: ID },
  { $oid: ID.replace('e', 'f') },
  { $date: '1970-01-01T00:00:00.005Z' },
  { $date: '1970-01-01T00:00:00.006Z' },
  { $uuid: '0f8fad5b-d9cb-469f-a165-70867728950e' },
  { $binary: { base64: 'YWJj', subType: '00' } },
  { $eq: 1 },
  { $gt: 3 },
  { a: 1 },
  ['one', 'uno', 1, 11],
];

const projections: readonly (object | undefined)[] = [
  undefined,
  {},
  { _id: 0 },
  { _id: 1 },
  { name: 1 },
  { name: 1, _id: 0 },
  { email: 1 },
  { email: 1, _id: 0 },
  { email: 0 },
  { email: 0, _id: 0 },
  { email: 0, _id: 1 },
  { _id: true, email: false, name: 0 },
  { email: 0, name: 0 },
  { name: 0, _id: 1 },
  { nested: 1, '7': true },
  { 'nested.code': 1 },
  { text: 0 },
  { tags: { $slice: 1 } },
  { upper: { $toUpper: '$name' }, name: 1 },
];

interface Asked {
  readonly op: 'findOne';
  readonly params: object;
  readonly accept?: 'found';
}

const groups = fc
  .record({
    fields: fc.oneof(fc.constantFrom(['_id'], ['email'], ['nested.code']), fc.constant(['_id', 'email'])),
    projections: fc.uniqueArray(fc.constantFrom(...projections), { minLength: 1, maxLength: 2 }),
    modes: fc.uniqueArray(fc.constantFrom(undefined, 'relaxed', 'canonical'), { minLength: 1, maxLength: 2 }),
    picks: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.constantFrom(...values), fc.boolean()), {
      minLength: 2,
      maxLength: 9,
    }),
  })
  .map(({ fields, projections, modes, picks }) =>
    picks.map(([field, projection, mode, value, isFound]): Asked => {
      const chosen = projections[projection % projections.length];
      const ejson = modes[mode % modes.length];
      const params = { collection: 'people', filter: { [fields[field % fields.length]!]: value } };
      return {
        op: 'findOne',
        params: { ...params, ...(chosen && { projection: chosen }), ...(ejson && { ejson }) },
        ...(isFound && { accept: 'found' }),
      };
    }),
  );

/** What merged point reads promise, on any server: the answers that each of them would have had alone. */
export function mergingSuite(open: () => Promise<MongoUnderTest>, numRuns: number): void {
  let server: MongoUnderTest;
  let client: MongoClient;
  let connection: Connection;
  let config: SourceConfig;
  const alone = new Map<string, Promise<unknown>>();
  const adapter = adapters['mongo'] as Adapter;

  beforeAll(async () => {
    server = await open();
    client = new MongoClient(server.url);
    const people = client.db(DATABASE).collection<{ _id: unknown }>('people');
    await client.db(DATABASE).dropCollection('people');
    await people.insertMany(documents);
    const unique = { people: ['email', 'nested.code'] };
    const options = { adapter: 'mongo', url: server.url, database: DATABASE, collections: ['people'], unique };
    const { sources, limits } = parseConfig({ sources: { shop: { ...options, maxBytes: 2048 } } });
    config = sources['shop']!;
    connection = await adapter.open({ ...config, streamIdleMs: limits.streamIdleMs });
  });

  afterAll(async () => {
    await connection[Symbol.asyncDispose]();
    await client.db(DATABASE).dropCollection('people');
    await client.close();
    await server.close?.();
  });

  async function answer(fetch: Fetch, { op, params, accept: accepted }: Asked): Promise<unknown> {
    const fault = (path: readonly (string | number)[], detail: string): never => {
      throw new Error(`${path.join('/')}: ${detail}`);
    };
    const query = adapter.compile(op, params as Record<string, unknown>, config, fault);
    try {
      const found = (await fetch({ op, params: query, want: 'value' }, context())) as Value;
      const { json, value, mode } = accepted ? atOnce(accept.apply(accepted, found, {} as Given)) : found;
      return { json, value, mode };
    } catch (error) {
      const { code, message } = toCodapError(error);
      return { code, message };
    }
  }

  it(`of ${numRuns} random groups each query is answered as it is alone`, async () => {
    const layer = merge(connection.merger as Merger);
    const merged = layer.wrap(connection.fetch);
    const one = (asked: Asked): Promise<unknown> => {
      const key = JSON.stringify(asked);
      const known = alone.get(key) ?? answer(connection.fetch, asked);
      alone.set(key, known);
      return known;
    };
    await fc.assert(
      fc.asyncProperty(groups, async (group) => {
        const together = await Promise.all(group.map((asked) => answer(merged, asked)));
        expect(together).toEqual(await Promise.all(group.map(one)));
      }),
      { numRuns },
    );
    expect(layer.state?.()['merged']).toBeGreaterThan(numRuns);
  }, 120_000);
}
