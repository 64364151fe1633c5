import { z } from 'zod';
import type { Adapter } from './adapter.ts';
import { describeMongo } from './mongo/describe.ts';
import { commandSpan } from './mongo/command-span.ts';
import { unheeded } from './mongo/driver-options.ts';
import { NOTATION } from './mongo/extended-json.ts';
import { options, type MongoOptions } from './mongo/options.ts';
import { narrowedParams } from './mongo/narrowed-params.ts';
import { passwords } from './mongo/passwords.ts';
import { compileQuery, ops } from './mongo/query.ts';

export type { MongoOptions } from './mongo/options.ts';

const STAR = '`*` in collections is the collection of this name: it does not stand for others';

/** MongoDB: reads from the collections that the operator names, by the operators and stages that read. */
export const mongo: Adapter<MongoOptions> = {
  options,
  ops,
  defaults: { concurrency: 100 },
  warnings: ({ url, collections }) => [...unheeded(url), ...(collections.includes('*') ? [STAR] : [])],
  secrets: ({ url }) => passwords(url),
  example: ({ collections: [collection] }) => ({ op: 'find', params: { collection, limit: 2 } }),
  ownMeta: ['projection', 'sort', 'pipeline'],
  notation: NOTATION,
  params: narrowedParams,
  ownParams: (op, options) => narrowedParams(op, options).extend({ collection: z.enum(options.collections) }),
  compile: compileQuery,
  describe: describeMongo,
  spanOf: commandSpan,
  async open(options) {
    const { MongoConnection } = await import('./mongo/mongo-connection.ts');
    return new MongoConnection(options);
  },
};
