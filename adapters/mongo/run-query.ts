import { serialize, BSONError } from 'bson';
import type { Db, RunCommandOptions } from 'mongodb';
import type { CodapError } from '../../src/errors.ts';
import { atOnce, type Steps } from '../../src/budget/work.ts';
import { latestOf } from '../../src/store/deadline.ts';
import type { Context } from '../../src/store/fetch.ts';
import type { Items, Value } from '../../src/store/payload.ts';
import { documents, elements, LARGE, toBuffer } from './bson-reader.ts';
import { check, Gathered, type Caps } from './caps.ts';
import { Cursor, type CursorRun } from './cursor.ts';
import { Documents } from './items.ts';
import type { MongoQuery } from './query.ts';
import { rawReply } from './raw-reply.ts';
import { documentsValue, documentValue, memberValue } from './value.ts';

/** Documents in a batch of a list that flows, unless the query says; the store's own choice would be as many as 16 MiB hold. */
const BATCH_SIZE = 500;

/** What a query is run for, and what goes on beside it. */
export type Run = Context & CursorRun;

/** Runs a query and gathers its answer. */
export async function gather(db: Db, op: string, query: MongoQuery, caps: Caps, run: Run): Promise<Value> {
  switch (op) {
    case 'findOne': {
      const found = await one(db, { ...query.command, limit: 1, singleBatch: true }, caps, run);
      const writing = documentValue(found, query.mode);
      return found && found.length >= LARGE ? run.work.do(writing) : atOnce(writing);
    }
    case 'countDocuments':
      return atOnce(counted(await one(db, query.command, caps, run), query));
    case 'distinct':
      return distinct(db, query, caps, run);
    default:
      return run.work.do(documentsValue(await all(db, query, caps, run), query.mode, run.work));
  }
}

/**
 * Runs a query, and answers its documents batch by batch, the first already read. No `maxTimeMS` goes with it: the store would count it
 * over all batches; its caller's abort bounds it.
 */
export async function stream(
  db: Db,
  query: MongoQuery,
  run: Run,
  judge: (error: unknown) => CodapError,
): Promise<Items> {
  const cursor = new Cursor(db, query, run, { batchSize: BATCH_SIZE });
  try {
    return { kind: 'items', items: new Documents(cursor, await cursor.next(), query.mode, run.work, judge) };
  } catch (error) {
    cursor.leave();
    throw error;
  }
}

async function one(db: Db, asked: object, caps: Caps, context: Context): Promise<Buffer | undefined> {
  // It opens no cursor: a single batch, or a single document.
  const { found } = batchOf(await command(db, asked, { raw: true }, context));
  context.memory.hold(found[0]?.length ?? 0);
  check(caps, found.length, found[0]?.length ?? 0);
  return found[0];
}

async function all(db: Db, query: MongoQuery, caps: Caps, run: Run): Promise<Buffer[]> {
  // One more than the cap tells a list that fills it from one that would be cut.
  const limited = { ...query, limit: Math.min(query.limit ?? Infinity, caps.documents + 1) };
  if (query.batchSize === undefined) {
    const gathered = new Gathered(caps, run.memory);
    const { found, open } = batchOf(await command(db, gathering(limited), { raw: true }, run));
    if (open) db.command({ killCursors: query.collection, cursors: [open] }, preference(db)).catch(() => undefined);
    gathered.add(found);
    if (!open) return gathered.documents;
    // The store cuts a batch at 16 MiB. From its start a cursor of the driver's stays with one server and one session.
  }
  const gathered = new Gathered(caps, run.memory);
  const cursor = new Cursor(db, limited, run, { maxTimeMS: timeLeft(run) });
  try {
    for (let batch = await cursor.next(); batch; batch = await cursor.next()) gathered.add(batch);
  } finally {
    cursor.leave();
  }
  return gathered.documents;
}

/** All in one batch, which leaves the store no cursor to keep: a caller who leaves could not tell which one to close. */
function gathering({ command, limit }: { command: MongoQuery['command']; limit: number }): object {
  if ('find' in command) return { ...command, limit, batchSize: limit };
  const pipeline = [...(command['pipeline'] as object[]), { $limit: limit }];
  return { ...command, pipeline, cursor: { batchSize: limit + 1 } };
}

interface Batch {
  readonly found: Buffer[];
  /** The id of the cursor that the store keeps open. */
  readonly open: bigint | undefined;
}

function batchOf(reply: Record<string, unknown>): Batch {
  const cursor = toBuffer(reply['cursor']);
  let found: Buffer[] | undefined;
  let open: bigint | undefined;
  for (const { type, name, at, end } of elements(cursor)) {
    if (name === 'firstBatch' && type === 0x04) found = documents(cursor.subarray(at, end));
    else if (name === 'id' && type === 0x12) open = cursor.readBigInt64LE(at) || undefined;
  }
  if (!found) throw new BSONError('no batch');
  return { found, open };
}

async function distinct(db: Db, { command: asked, mode }: MongoQuery, caps: Caps, context: Context): Promise<Value> {
  const reply = await rawReply(db, bounded(db, asked, context), { ...preference(db), signal: context.signal });
  for (const { type, name, at, end } of elements(reply)) {
    if (name !== 'values' || type !== 0x04) continue;
    const values = reply.subarray(at, end);
    context.memory.hold(values.length);
    check(
      caps,
      elements(values).reduce((count) => count + 1, 0),
      values.length,
    );
    return context.work.do(memberValue(reply, name, mode));
  }
  throw new BSONError('no values');
}

function counted(document: Buffer | undefined, { mode }: MongoQuery): Steps<Value> {
  // An aggregation over no documents has no groups.
  return memberValue(document ?? toBuffer(serialize({ n: 0 })), 'n', mode);
}

/** Runs a command as the connection string says: `db.command` itself passes over its read preference and read concern. */
function command(
  db: Db,
  asked: object,
  options: RunCommandOptions,
  context: Context,
): Promise<Record<string, unknown>> {
  return db.command(bounded(db, asked, context), { ...options, ...preference(db), signal: context.signal });
}

function bounded(db: Db, asked: object, context: Context): object {
  const readConcern = db.readConcern?.toJSON();
  return { ...asked, maxTimeMS: timeLeft(context), ...(readConcern && { readConcern }) };
}

function preference({ readPreference }: Db): RunCommandOptions {
  return readPreference ? { readPreference } : {};
}

function timeLeft({ deadline }: Context): number {
  return Math.min(Math.max(Math.ceil(latestOf(deadline) - performance.now()), 1), 2 ** 31 - 1);
}
