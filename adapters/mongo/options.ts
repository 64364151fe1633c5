import { z } from 'zod';
import { wholeNumber } from '../../src/store/whole-number.ts';
import type { SourceOptions } from '../source-options.ts';
import { connectionStringFaults, readConnectionString } from './connection-string.ts';
import { OPERATORS, STAGES } from './operators.ts';

const name = z.string().min(1);

/** A mongo source's own part of its configuration. */
export const options = z
  .strictObject({
    url: z.string().superRefine((url, context) => {
      for (const message of connectionStringFaults(url)) context.addIssue({ code: 'custom', message });
    }),
    database: name,
    collections: z.array(name.regex(/^[^$\0]+$/, 'the name of a collection is allowed here')).min(1),
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
      .optional(),
    stages: z
      .array(z.string().refine((it) => STAGES.has(it), 'a stage of the default list is allowed here'))
      .optional(),
    /** The most documents that one gathered answer may hold. */
    maxDocuments: wholeNumber.min(1).default(10_000),
  })
  .superRefine(({ url, collections, unique = {}, ...source }, context) => {
    // Beside these stand what every source has.
    const { concurrency = Infinity } = source as Partial<SourceOptions>;
    if ((readConnectionString(url)?.minPoolSize ?? 0) > connectionsFor({ url, concurrency }))
      context.addIssue({
        code: 'custom',
        path: ['url'],
        message: 'a minPoolSize of at most maxPoolSize, and twice the concurrency of the source, is allowed here',
      });
    for (const collection of Object.keys(unique)) {
      if (!collections.includes(collection))
        context.addIssue({
          code: 'custom',
          path: ['unique', collection],
          message: 'one of collections is allowed here',
        });
    }
  });

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
