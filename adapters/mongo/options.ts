import { z } from 'zod';
import { besides } from '../../src/store/besides.ts';
import { wholeNumber } from '../../src/store/whole-number.ts';
import type { SourceOptions } from '../source-options.ts';
import { connectionStringFaults, readConnectionString } from './connection-string.ts';
import { OPERATORS, STAGES } from './operators.ts';

const name = z.string().min(1);

/** Of more bytes, or with such characters, MongoDB has no database. */
const database = z
  .string()
  .refine(
    (text) => /^[^\s\p{C}/\\."$]+$/u.test(text) && Buffer.byteLength(text) < 64,
    'the name of a database, 1 to 63 bytes without / \\ . " $, blanks and control characters, is allowed here',
  );

const collection = z
  .string()
  .refine(
    (text) => /^[^$\0.][^$\0]*$/.test(text) && text.isWellFormed(),
    'the name of a collection is allowed here: it has no $ and does not begin with a dot',
  );

/** A mongo source's own part of its configuration. */
export const options = z
  .strictObject({
    url: z
      .string()
      .superRefine((url, context) => {
        for (const message of connectionStringFaults(url)) context.addIssue({ code: 'custom', message });
      })
      .meta({ description: 'A MongoDB connection string.' }),
    database: database.meta({ description: 'The one database it reads.' }),
    collections: z.array(collection).min(1).meta({ description: 'The collections it reads.' }),
    unique: z
      .record(name, z.array(name.regex(/^[^$\0]+$/, 'the name of a field is allowed here')).min(1))
      .optional()
      .meta({ description: 'Fields with a unique index, by collection: reads by one of them are merged.' }),
    merge: z
      .boolean()
      .default(true)
      .meta({ description: 'Whether reads of single documents in one turn of the event loop are one query.' }),
    operators: z
      .array(z.string().refine((it) => OPERATORS.has(it), 'an operator of the default list is allowed here'))
      .optional()
      .meta({ description: 'The operators that queries may use; without it those of the default list.' }),
    stages: z
      .array(z.string().refine((it) => STAGES.has(it), 'a stage of the default list is allowed here'))
      .optional()
      .meta({ description: 'The aggregation stages that queries may use; without it those of the default list.' }),
    maxDocuments: wholeNumber.min(1).default(10_000).meta({ description: 'The documents of one gathered answer.' }),
  })
  .superRefine(
    ({ url, ...source }, context) => {
      // Beside these stand what every source has.
      const { concurrency } = source as unknown as SourceOptions;
      if ((readConnectionString(url)?.minPoolSize ?? 0) > connectionsFor({ url, concurrency }))
        context.addIssue({
          code: 'custom',
          path: ['url'],
          message: 'a minPoolSize of at most maxPoolSize, and twice the concurrency of the source, is allowed here',
        });
    },
    besides('url', 'concurrency'),
  )
  .superRefine(
    ({ collections, unique = {} }, context) => {
      for (const collection of Object.keys(unique)) {
        if (!collections.includes(collection))
          context.addIssue({
            code: 'custom',
            path: ['unique', collection],
            message: 'one of collections is allowed here',
          });
      }
    },
    besides('collections', 'unique'),
  );

/** A mongo source's configuration. */
export type MongoOptions = z.output<typeof options> & SourceOptions;

/**
 * Connections that a source may have to each server: as many as the connection string says, if it does, and
 * no more than twice as many as calls. Twice: a command whose caller left may keep its connection a moment
 * longer than its place.
 */
export function connectionsFor({ url, concurrency }: Pick<MongoOptions, 'url' | 'concurrency'>): number {
  const most = 2 * concurrency;
  // The driver does not tell its own default from what is said. By 0 it has no limit.
  const said = /[?&]maxPoolSize=/i.test(url) ? readConnectionString(url)?.maxPoolSize : undefined;
  return said ? Math.min(said, most) : most;
}
