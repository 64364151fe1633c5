import { serialize } from 'bson';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { CallTrace } from '../../../src/store/call-trace.ts';
import type { Payload } from '../../../src/store/payload.ts';
import { Who } from '../../../src/sources/call.ts';
import type { Source, Sources } from '../../../src/sources/open.ts';
import { openSources, parseConfig } from '../../configured.ts';
import { mongoArrival } from '../../explain/arrivals.ts';
import { type ScriptedMongo, startScriptedMongo } from '../../scripted-mongo.ts';
import { bounds } from '../source.ts';

let store: ScriptedMongo;
let opened: Sources;
let source: Source;
let before = 0;

beforeAll(async () => {
  store = await startScriptedMongo((name) =>
    name === 'distinct' ? { distinct: [] } : [1, 2].map((id) => serialize({ _id: id, n: 1 })),
  );
  const options = { adapter: 'mongo', url: store.url, database: 'shop', collections: ['users'], maxDocuments: 50 };
  opened = await openSources(parseConfig({ sources: { shop: options } }));
  source = opened.sources.get('shop')!;
});
beforeEach(() => void (before = store.commands.length));
afterAll(async () => {
  await opened[Symbol.asyncDispose]();
  await store.close();
});

/** Asks once, and reads nothing of it; answers the text of each attempt. */
async function textsOf(op: string, params: object, want: Payload['kind'], withValues: boolean): Promise<unknown[]> {
  const compiled = source.prepare(op, { collection: 'users', ...params }, (path, detail) =>
    expect.fail(`${path.join('/')} ${detail}`),
  );
  const ids = { id: '', traceparent: '', tracestate: undefined };
  const trace: CallTrace = { attempts: [], spanOf: (query) => ({ ...ids, ...source.spanOf(query, withValues) }) };
  const answer = await source.call({ op, params: compiled, want }, new Who({ headers: {} }), { ...bounds(), trace });
  if (answer.kind === 'items') await answer.items[Symbol.asyncIterator]().return?.();
  return trace.attempts.map(({ span }) => span!.attributes['db.query.text']);
}

const arrived = () =>
  store.commands.slice(before).map((bytes) => (mongoArrival(bytes).request as { command: object }).command);

const PIPELINE = [{ $match: { n: 1 } }, { $project: { n: 1 } }];
const FOUND = { filter: { n: { $gt: 0 } }, sort: { n: -1 }, skip: 1, projection: { n: 1 } };

it.each<[string, object, Payload['kind']]>([
  ['findOne', { ...FOUND }, 'value'],
  ['find', {}, 'value'],
  ['find', { ...FOUND, limit: 2 }, 'value'],
  ['find', { ...FOUND, limit: 80 }, 'value'],
  ['find', { ...FOUND, limit: 9, batchSize: 3 }, 'value'],
  ['find', { limit: 3, batchSize: 3 }, 'value'],
  ['find', {}, 'items'],
  ['find', { ...FOUND, limit: 2 }, 'items'],
  ['find', { limit: 3, batchSize: 3 }, 'items'],
  ['aggregate', { pipeline: PIPELINE }, 'value'],
  ['aggregate', { pipeline: [...PIPELINE, { $limit: 2 }], batchSize: 7 }, 'value'],
  ['aggregate', { pipeline: PIPELINE }, 'items'],
  ['aggregate', { pipeline: PIPELINE, batchSize: 7 }, 'items'],
  ['countDocuments', { filter: { n: 1 }, skip: 1, limit: 9 }, 'value'],
  ['distinct', { key: 'n', filter: { n: 1 } }, 'value'],
])('the text of an attempt is the command that arrives: %s %j, as %s', async (op, params, want) => {
  const texts = await textsOf(op, params, want, true);
  expect(texts.map((text) => JSON.parse(String(text)) as unknown)).toEqual(arrived());
  expect(texts).toHaveLength(1);
});

it('the text of what was merged is the one command that arrives', async () => {
  const texts = await Promise.all([1, 2].map((id) => textsOf('findOne', { filter: { _id: id } }, 'value', true)));
  expect(texts.flat().map((text) => JSON.parse(String(text)) as unknown)).toEqual(arrived());
  expect(texts.flat()).toEqual([expect.stringContaining('"$in":[1,2]')]);
});

it('there is none unless values may be told', async () => {
  expect(await textsOf('find', {}, 'value', false)).toEqual([undefined]);
});
