import { serialize, BSONError } from 'bson';
import type { AbstractCursor, Db, RunCommandOptions } from 'mongodb';
import { CodapError } from '../../src/errors.ts';
import type { Context, Query } from '../../src/fetch.ts';
import type { Items, Payload, Value } from '../../src/payload.ts';
import { documents, elements } from './bson-reader.ts';
import type { MongoQuery } from './query.ts';
import { untilAborted } from './until-aborted.ts';
import { documentValue, documentsValue, memberValue } from './value.ts';

/** What one gathered answer may hold. */
export interface Caps {
  readonly documents: number;
  /** Of BSON. */
  readonly bytes: number;
}

/** Runs a query and gathers its answer. */
export async function gather(db: Db, { op, params }: Query, caps: Caps, context: Context): Promise<Payload> {
  const query = params as MongoQuery;
  const { command, mode } = query;
  switch (op) {
    case 'findOne': {
      const { found } = await firstBatch(db, { ...command, limit: 1, singleBatch: true }, context);
      within(caps, found);
      return documentValue(found[0], mode);
    }
    case 'countDocuments': {
      const { found } = await firstBatch(db, command, context);
      return counted(found[0], query);
    }
    case 'distinct':
      return distinct(db, query, caps, context);
    default:
      return documentsValue(await gatherAll(db, query, caps, context), mode);
  }
}

/** Opens a cursor, and reads it batch by batch as it is iterated. Its deadline is its caller's to keep: the server would count it over all batches. */
export function stream(db: Db, params: unknown, context: Context, judge: (error: unknown) => CodapError): Items {
  const query = params as MongoQuery;
  return { kind: 'items', items: items(db, query, context.signal, judge) };
}

async function* items(
  db: Db,
  query: MongoQuery,
  signal: AbortSignal,
  judge: (error: unknown) => CodapError,
): AsyncGenerator<Value, void> {
  const cursor = openCursor(db, query, { signal });
  try {
    for await (const batch of batches(cursor, signal)) {
      for (const bytes of batch) yield documentValue(bytes, query.mode);
    }
  } catch (error) {
    throw judge(error);
  } finally {
    await cursor.close();
  }
}

async function gatherAll(db: Db, query: MongoQuery, caps: Caps, context: Context): Promise<Buffer[]> {
  // One more than the cap tells a list that fills it from one that would be cut.
  const limit = Math.min(query.limit ?? Infinity, caps.documents + 1);
  const limited: MongoQuery = { ...query, limit };
  if (query.batchSize === undefined) {
    const { found, id, namespace } = await firstBatch(db, gathering(limited), context);
    within(caps, found);
    if (id === 0n) return found;
    // The store cut the batch at its 16 MiB. What follows is the driver's to find: on this very server, in this very session.
    void db.command({ killCursors: namespace, cursors: [id] }).catch(() => undefined);
  }
  const cursor = openCursor(db, limited, { signal: context.signal, maxTimeMS: timeLeft(context) });
  const found: Buffer[] = [];
  try {
    for await (const batch of batches(cursor, context.signal)) {
      found.push(...batch);
      within(caps, found);
    }
  } finally {
    await cursor.close();
  }
  return found;
}

function gathering({ command, limit = 0 }: MongoQuery): Record<string, unknown> {
  return 'find' in command ? { ...command, limit, batchSize: limit } : { ...command, cursor: { batchSize: limit } };
}

/** The cursor of a find or an aggregation, whose documents stay bytes. */
function openCursor(
  db: Db,
  query: MongoQuery,
  run: { signal: AbortSignal; maxTimeMS?: number },
): AbstractCursor<Buffer> {
  const { collection, command, limit, batchSize } = query;
  const { find: _find, aggregate: _aggregate, cursor: _cursor, filter, pipeline, ...own } = command;
  const options = { ...own, ...run, raw: true, ...(batchSize !== undefined && { batchSize }) };
  const source = db.collection(collection);
  const cursor =
    'find' in command
      ? source.find(filter as object, { ...options, ...(limit && { limit }) })
      : source.aggregate(pipeline as object[], options);
  return cursor as unknown as AbstractCursor<Buffer>;
}

/** A getMore in flight ends only when its cursor was killed: an abort does not wait for it. */
async function* batches(cursor: AbstractCursor<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer[], void> {
  while (await untilAborted(signal, () => cursor.hasNext())) yield cursor.readBufferedDocuments().map(toBuffer);
}

interface Batch {
  readonly found: Buffer[];
  /** Of the cursor that the store keeps open; 0 if there is none. */
  readonly id: bigint;
  readonly namespace: string;
}

async function firstBatch(db: Db, command: object, context: Context): Promise<Batch> {
  const reply = await run(db, command, { raw: true }, context);
  const cursor = toBuffer(reply['cursor']);
  let found: Buffer[] = [];
  let id = 0n;
  let namespace = '';
  for (const { type, name, at, end } of elements(cursor)) {
    if (name === 'firstBatch' && type === 0x04) found = documents(cursor.subarray(at, end));
    else if (name === 'id' && type === 0x12) id = cursor.readBigInt64LE(at);
    else if (name === 'ns' && type === 0x02) namespace = cursor.toString('utf8', at + 4, end - 1);
  }
  return { found, id, namespace: namespace.slice(namespace.indexOf('.') + 1) };
}

async function distinct(db: Db, { command, mode }: MongoQuery, caps: Caps, context: Context): Promise<Value> {
  // `raw` leaves documents as bytes, but opens lists and what is in them: here nothing may lose its type.
  const reply = await run(
    db,
    command,
    { promoteValues: false, promoteLongs: false, promoteBuffers: false, bsonRegExp: true },
    context,
  );
  const { values } = reply;
  if (!Array.isArray(values)) throw new BSONError('no values');
  const bytes = Buffer.from(serialize({ values }, { ignoreUndefined: false }));
  if (values.length > caps.documents) throw tooMany(caps);
  if (bytes.length > caps.bytes) throw tooLarge(caps);
  const value = memberValue(bytes, 'values', mode);
  if (!value) throw new BSONError('no values');
  return value;
}

function counted(document: Buffer | undefined, { mode }: MongoQuery): Value {
  const count = document && memberValue(document, 'n', mode);
  return count ?? { kind: 'value', json: mode === 'canonical' ? '{"$numberInt":"0"}' : '0', value: 0 };
}

/** Runs a command as the connection string says: `db.command` itself passes over its read preference and read concern. */
function run(
  db: Db,
  command: object,
  options: RunCommandOptions,
  { signal, deadline }: Context,
): Promise<Record<string, unknown>> {
  const readConcern = db.readConcern?.toJSON();
  const sent = { ...command, maxTimeMS: timeLeft({ deadline }), ...(readConcern && { readConcern }) };
  return db.command(sent, { ...options, signal, ...(db.readPreference && { readPreference: db.readPreference }) });
}

function timeLeft({ deadline }: Pick<Context, 'deadline'>): number {
  return Math.min(Math.max(Math.ceil(deadline - performance.now()), 1), 2 ** 31 - 1);
}

function within(caps: Caps, found: readonly Buffer[]): void {
  if (found.length > caps.documents) throw tooMany(caps);
  let bytes = 0;
  for (const document of found) bytes += document.length;
  if (bytes > caps.bytes) throw tooLarge(caps);
}

function tooMany({ documents }: Caps): CodapError {
  return new CodapError(
    'TOO_LARGE',
    `more than ${documents} documents; ask for fewer with a filter or a limit, or stream them`,
  );
}

function tooLarge({ bytes }: Caps): CodapError {
  return new CodapError(
    'TOO_LARGE',
    `more than ${bytes} bytes; ask for less with a limit or a projection, or stream it`,
  );
}

function toBuffer(bytes: unknown): Buffer {
  if (!(bytes instanceof Uint8Array)) throw new BSONError('no document');
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
