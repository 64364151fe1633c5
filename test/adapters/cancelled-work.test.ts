import { Long, serialize } from 'bson';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { content } from '../../adapters/http/content.ts';
import { OUTLINED } from '../../adapters/mongo/contents.ts';
import type { Cursor } from '../../adapters/mongo/cursor.ts';
import type { Database } from '../../adapters/mongo/database.ts';
import { mongoError } from '../../adapters/mongo/failure.ts';
import { batchOf } from '../../adapters/mongo/first-batch.ts';
import { Documents } from '../../adapters/mongo/items.ts';
import { Lingering } from '../../adapters/mongo/linger.ts';
import { MongoMerger } from '../../adapters/mongo/merge.ts';
import { MergedDocuments } from '../../adapters/mongo/merged.ts';
import type { MongoQuery } from '../../adapters/mongo/query.ts';
import { runQuery } from '../../adapters/mongo/run-query.ts';
import { rest } from '../../adapters/rest.ts';
import { CallSignal } from '../../src/ground/call-signal.ts';
import { CodapError } from '../../src/errors.ts';
import type { Context } from '../../src/store/fetch.ts';
import { GrowingDeadline } from '../../src/store/deadline.ts';
import { Filled } from '../../src/store/placeholder.ts';
import { slowClock } from '../budget/slow-clock.ts';
import { startScripted } from '../scripted-store.ts';
import { failed } from './failed.ts';
import { restOptions, run } from './rest-source.ts';
import { context } from './source.ts';

afterEach(() => void vi.restoreAllMocks());

const many = Array.from({ length: 50_000 }, (_, at) => ({ at }));
const large = Buffer.from(serialize({ _id: 1, many }));
const caps = { documents: 1_000_000, bytes: 1e9 };
const query: MongoQuery = { collection: 'c', mode: 'plain', command: { find: 'c', filter: { _id: 1 } } };

/** Runs a query of MongoDB's whose store answers these documents, or values. */
const gathered = (op: string, found: readonly object[]) => (own: Context) => {
  const cursor = Buffer.from(serialize({ id: Long.fromNumber(0), firstBatch: found }));
  const database = {
    firstBatch: () => Promise.resolve(batchOf({ cursor })),
    raw: () => Promise.resolve(Buffer.from(serialize({ values: found }))),
  };
  return runQuery({ database: database as unknown as Database, caps, lingering: new Lingering(1) }, op, query, own);
};

const cursor: Pick<Cursor, 'next' | 'close'> = {
  next: () => Promise.resolve(undefined),
  close: () => Promise.resolve(),
};
const merger = new MongoMerger({ name: 'store', unique: {} }, caps);
const api = restOptions({ url: 'http://127.0.0.1:1/', methods: ['post'] });

const WORK: Readonly<Record<string, (own: Context) => unknown>> = {
  'a text': (own) => content(Buffer.alloc(4_000_000, '\n'), 'text', {}, own),
  base64: (own) => content(Buffer.alloc(4_000_000), 'base64', {}, own),
  JSON: (own) => content(Buffer.from(JSON.stringify(many)), 'json', {}, own),
  'a document': gathered('findOne', [{ many }]),
  'a list of documents': gathered('find', many),
  'a list of values': gathered('distinct', many),
  'a description': gathered(OUTLINED, many),
  'a document that flows': (own) =>
    new Documents(cursor as Cursor, [large], 'plain', own, (error) => mongoError(error, 'shop', own.signal)).next(),
  'a document that was asked for with others': (own) => {
    const point = merger.pointOf({ op: 'findOne', params: query, want: 'value' })!;
    return merger.split(new MergedDocuments([large], true), [point]).of(point, own);
  },
  async 'a body that is sent'(own) {
    await using source = await rest.open(api);
    return await run(source, api, 'post', { path: '/', body: new Filled(many) }, own);
  },
};

describe('what codap does of an answer in turns', () => {
  it.each(Object.entries(WORK))(
    'ends with the call that it is for, whatever its batch does: %s',
    async (_what, work) => {
      const leaving = new CallSignal();
      const own = context({ signal: leaving, deadline: Infinity });
      const reason = new CodapError('TIMEOUT', 'late');
      const turn = own.work.turn.bind(own.work);
      const turns = vi.spyOn(own.work, 'turn').mockImplementation((signal) => {
        if (turns.mock.calls.length === 3) leaving.abort(reason);
        return turn(signal);
      });
      await slowClock();
      expect(await failed(Promise.resolve(work(own)))).toBe(reason);
      expect(turns.mock.calls.length).toBe(3);
    },
  );

  it('goes on for who has joined the call, when the time of the first is over', async () => {
    const store = await startScripted(
      (_path, response) => void response.writeHead(200, { 'content-type': 'text/plain' }).end('got'),
    );
    const options = restOptions({ url: store.url, methods: ['post'] });
    await using source = await rest.open(options);
    const deadline = new GrowingDeadline(performance.now() + 1000, Infinity);
    const own = context({ deadline });
    const turn = own.work.turn.bind(own.work);
    const turns = vi.spyOn(own.work, 'turn').mockImplementation((signal) => {
      deadline.extend(Infinity);
      return turn(signal);
    });
    await slowClock();
    const answer = run(source, options, 'post', { path: '/', body: new Filled(many) }, own);
    expect(await answer).toMatchObject({ value: 'got' });
    expect(turns.mock.calls.length).toBeGreaterThan(3);
    await store.close();
  });
});
