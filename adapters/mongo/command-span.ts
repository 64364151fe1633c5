import { writeBeginning } from '../../src/json/write.ts';
import type { CallSpan } from '../../src/store/call-trace.ts';
import type { Query } from '../../src/store/fetch.ts';
import { MOST_STATEMENT } from '../adapter.ts';
import { sentCommand } from './describe.ts';
import type { MongoOptions } from './options.ts';
import type { MongoQuery } from './query.ts';

/** A command by the conventions of databases; its text is Extended JSON, relaxed, of what is sent. */
export function commandSpan(query: Query, options: MongoOptions, withValues: boolean): CallSpan {
  const { collection, command } = query.params as MongoQuery;
  // A command's name is its first key.
  const [operation = ''] = Object.keys(command);
  return {
    name: `${operation} ${collection}`,
    attributes: {
      'db.system.name': 'mongodb',
      'db.namespace': options.database,
      'db.collection.name': collection,
      'db.operation.name': operation,
      ...(withValues && { 'db.query.text': writeBeginning(sentCommand(query, options), 'relaxed', MOST_STATEMENT) }),
    },
  };
}
