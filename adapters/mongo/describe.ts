import type { Query } from '../../src/store/fetch.ts';
import type { Description } from '../adapter.ts';
import { capsOf, type Caps } from './caps.ts';
import type { MongoOptions } from './options.ts';
import type { MongoQuery } from './query.ts';
import { BATCH_SIZE, inBatches, inOneBatch, limitOf } from './sent.ts';

/** The command of a query, but for `maxTimeMS`, which is what is left of its time. */
export function describeMongo({ op, params, want }: Query, options: MongoOptions): Description {
  const query = params as MongoQuery;
  const caps = capsOf(options);
  const { limit, batchSize } = query;
  const own = limit === undefined ? {} : { limit };
  if (want === 'items') {
    const size = batchSize ?? BATCH_SIZE;
    return { request: { command: inBatches(query, size, limit) }, bound: { ...own, batchSize: size } };
  }
  const bound = { ...own, maxDocuments: caps.documents, maxBytes: caps.bytes };
  if (op === 'find' || op === 'aggregate') return { request: { command: gathering(query, caps) }, bound };
  return { request: { command: query.command }, bound: op === 'distinct' ? bound : { maxBytes: caps.bytes } };
}

function gathering(query: MongoQuery, caps: Caps): object {
  const limit = limitOf(query, caps);
  return query.batchSize === undefined ? inOneBatch(query, limit) : inBatches(query, query.batchSize, limit);
}
