import { serialize, BSONError } from 'bson';
import type { CodapError } from '../../src/errors.ts';
import { atOnce, type Steps } from '../../src/budget/work.ts';
import { instantOf } from '../../src/store/deadline.ts';
import type { Context } from '../../src/store/fetch.ts';
import type { Items, Value } from '../../src/store/payload.ts';
import { elements, LARGE, LIST, toBuffer } from './bson-reader.ts';
import { check, Gathered, type Caps } from './caps.ts';
import { OUTLINED } from './contents.ts';
import { Cursor } from './cursor.ts';
import { timeLeft, type Database } from './database.ts';
import { Documents } from './items.ts';
import type { Lingering } from './linger.ts';
import { MERGED, MergedDocuments } from './merged.ts';
import { Outline } from './outline.ts';
import type { MongoQuery } from './query.ts';
import { BATCH_SIZE, inOneBatch, limitOf } from './sent.ts';
import { documentsValue, documentValue, largeDocumentValue, memberValue } from './value.ts';

/** What a source runs its queries with. */
export interface Runner {
  readonly database: Database;
  readonly caps: Caps;
  readonly lingering: Lingering;
}

/** Runs a query and gathers its answer. */
export async function runQuery(runner: Runner, op: string, query: MongoQuery, context: Context): Promise<Value> {
  switch (op) {
    case 'findOne': {
      const found = await one(runner, query, context);
      if (found && found.length >= LARGE) return context.work.do(largeDocumentValue(found, query.mode), context.signal);
      return documentValue(found, query.mode);
    }
    case 'countDocuments':
      return atOnce(counted(await one(runner, query, context), query));
    case OUTLINED:
      return outline(runner, query, context);
    case MERGED:
      return firstBatch(runner, query, context);
    case 'distinct':
      return distinct(runner, query, context);
    default:
      return context.work.do(
        documentsValue(await all(runner, query, context), query.mode, context.work),
        context.signal,
      );
  }
}

/**
 * Runs a query, and answers its documents batch by batch, the first already read. No `maxTimeMS` goes with
 * it: the store would count it over all batches; its caller's abort bounds it.
 */
export async function stream(
  { database, lingering }: Runner,
  query: MongoQuery,
  context: Context,
  judge: (error: unknown) => CodapError,
): Promise<Items> {
  const cursor = new Cursor(database, query, { ...context, lingering }, { batchSize: BATCH_SIZE });
  try {
    return { kind: 'items', items: new Documents(cursor, await cursor.next(), query.mode, context, judge) };
  } catch (error) {
    cursor.leave();
    throw error;
  }
}

async function one({ database, caps }: Runner, { command }: MongoQuery, context: Context): Promise<Buffer | undefined> {
  // It opens no cursor: a single batch, or a single document.
  const [document] = (await database.firstBatch(command, context)).found;
  const bytes = document?.length ?? 0;
  context.memory.hold(bytes);
  check(caps, 1, bytes);
  return document;
}

/** What the store answers at once: of many or large documents that may be fewer than were asked for. */
async function firstBatch({ database }: Runner, query: MongoQuery, context: Context): Promise<MergedDocuments> {
  const { found, open } = await database.firstBatch(query.command, context);
  context.memory.hold(found.reduce((sum, { length }) => sum + length, 0));
  return new MergedDocuments(found, open === undefined);
}

async function outline(runner: Runner, query: MongoQuery, context: Context): Promise<Value> {
  // Nobody joins this call: the store has no longer than its first caller gives it.
  const deadline = instantOf(context.deadline);
  const { value: documents } = await firstBatch(runner, query, { ...context, deadline });
  const outlined = new Outline();
  for (const document of documents) await context.work.do(outlined.add(document), context.signal);
  return { kind: 'value', json: '', value: outlined };
}

async function all({ database, caps, lingering }: Runner, query: MongoQuery, context: Context): Promise<Buffer[]> {
  const limit = limitOf(query, caps);
  if (query.batchSize === undefined) {
    const gathered = new Gathered(caps, context.memory);
    const { found, open } = await database.firstBatch(inOneBatch(query, limit), context);
    gathered.add(found);
    if (!open) return gathered.documents;
    gathered.release();
    // The store cuts a batch at 16 MiB. From its start a cursor of the driver's stays with one server and one
    // session.
  }
  const gathered = new Gathered(caps, context.memory);
  const cursor = new Cursor(database, { ...query, limit }, { ...context, lingering }, { maxTimeMS: timeLeft(context) });
  try {
    for (let batch = await cursor.next(); batch; batch = await cursor.next()) gathered.add(batch);
  } finally {
    cursor.leave();
  }
  return gathered.documents;
}

async function distinct({ database, caps }: Runner, { command, mode }: MongoQuery, context: Context): Promise<Value> {
  const reply = await database.raw(command, context);
  for (const { type, name, at, end } of elements(reply)) {
    if (name !== 'values' || type !== LIST) continue;
    const values = reply.subarray(at, end);
    context.memory.hold(values.length);
    check(
      caps,
      elements(values).reduce((count) => count + 1, 0),
      values.length,
    );
    return context.work.do(memberValue(reply, name, mode), context.signal);
  }
  throw new BSONError('no values');
}

function counted(document: Buffer | undefined, { mode }: MongoQuery): Steps<Value> {
  // An aggregation over no documents has no groups.
  return memberValue(document ?? toBuffer(serialize({ n: 0 })), 'n', mode);
}
