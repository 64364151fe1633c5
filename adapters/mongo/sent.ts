import type { Caps } from './caps.ts';
import type { MongoQuery } from './query.ts';

/**
 * Documents in a batch of a list that flows, unless the query says; the store's own choice would be as many
 * as 16 MiB hold.
 */
export const BATCH_SIZE = 500;

type Command = MongoQuery['command'];

/**
 * The most documents that are asked for: one more than the cap tells a list that fills it from one that would
 * be cut. A limit that is not yet known stays as it is.
 */
export function limitOf({ limit = Infinity }: MongoQuery, caps: Caps): number {
  return typeof limit === 'number' ? Math.min(limit, caps.documents + 1) : limit;
}

/**
 * A command that answers all in one batch, which leaves the store no cursor to keep: a caller who leaves
 * could not tell which one to close.
 */
export function inOneBatch({ command }: MongoQuery, limit: number): Command {
  // Of a list that fills its one batch the store would keep the cursor. A limit may not be known yet.
  const batchSize = typeof limit === 'number' ? limit + 1 : limit;
  if ('find' in command) return { ...command, limit, batchSize };
  const pipeline = [...(command['pipeline'] as object[]), { $limit: limit }];
  return { ...command, pipeline, cursor: { batchSize } };
}

/** The command with which the driver opens a cursor. */
export function inBatches({ command }: MongoQuery, batchSize: number, limit?: number): Command {
  if (!('find' in command)) return { ...command, cursor: { batchSize } };
  const first = batchSize === limit ? batchSize + 1 : batchSize;
  return { ...command, ...(limit !== undefined && { limit }), batchSize: first };
}
