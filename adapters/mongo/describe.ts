import type { Query } from '../../src/store/fetch.ts';
import type { Description } from '../adapter.ts';
import { capsOf } from './caps.ts';
import type { MongoOptions } from './options.ts';
import type { MongoQuery } from './query.ts';
import { BATCH_SIZE, inBatches, inOneBatch, limitOf } from './sent.ts';

/** What is sent for a query, and what bounds its answer. */
export function describeMongo(query: Query, options: MongoOptions): Description {
  const { limit, batchSize = BATCH_SIZE } = query.params as MongoQuery;
  const request = { command: sentCommand(query, options) };
  const own = limit === undefined ? {} : { limit };
  if (query.want === 'items') return { request, bound: { ...own, batchSize } };
  const { documents: maxDocuments, bytes: maxBytes } = capsOf(options);
  const isList = query.op === 'find' || query.op === 'aggregate' || query.op === 'distinct';
  return { request, bound: isList ? { ...own, maxDocuments, maxBytes } : { maxBytes } };
}

/** The command of a query, but for `maxTimeMS`, which is what is left of its time. */
export function sentCommand({ op, params, want }: Query, options: MongoOptions): MongoQuery['command'] {
  const query = params as MongoQuery;
  const { batchSize, limit } = query;
  if (want === 'items') return inBatches(query, batchSize ?? BATCH_SIZE, limit);
  if (op !== 'find' && op !== 'aggregate') return query.command;
  const most = limitOf(query, capsOf(options));
  return batchSize === undefined ? inOneBatch(query, most) : inBatches(query, batchSize, most);
}
