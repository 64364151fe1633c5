import { z } from 'zod';
import { checkCompiled } from '../../src/store/check-schema.ts';
import { choice } from '../../src/store/choice.ts';
import { isPlainReference, unwrapped } from '../../src/store/placeholder.ts';
import { wholeNumber } from '../../src/store/whole-number.ts';
import { recordOf } from '../../src/json/members.ts';
import type { Mode } from '../../src/json/typed-text.ts';
import { fillable, objectOf } from '../fillable.ts';
import type { ReportFault } from '../adapter.ts';
import { bareNumber, NOTATION } from './extended-json.ts';
import { readFilter } from './filter.ts';
import { OPERATORS, SORTING, STAGES } from './operators.ts';
import type { MongoOptions } from './options.ts';
import { pipelineShown, readPipeline } from './pipeline.ts';
import { projectionShown, readProjection } from './projection.ts';
import { hintShown, readFoundSort, readHint, sortShown } from './sort.ts';
import { Walk, type Lists, type Read } from './walk.ts';

/** A query that was checked: the command it is sent as, but for what its run adds (caps, deadline). */
export interface MongoQuery {
  readonly collection: string;
  readonly mode: Mode;
  readonly command: Readonly<Record<string, unknown>>;
  readonly limit?: number;
  readonly batchSize?: number;
}

const MOST_INT32 = 2 ** 31 - 1;

/** How many documents, from so many on. */
const count = (least: 0 | 1): z.ZodNumber => wholeNumber.min(least).max(MOST_INT32);

const collationFields = z.strictObject({
  locale: z.string(),
  strength: wholeNumber.min(1).max(5).optional(),
  caseLevel: z.boolean().optional(),
  caseFirst: z.enum(['upper', 'lower', 'off']).optional(),
  numericOrdering: z.boolean().optional(),
  alternate: z.enum(['non-ignorable', 'shifted']).optional(),
  maxVariable: z.enum(['punct', 'space']).optional(),
  backwards: z.boolean().optional(),
  normalization: z.boolean().optional(),
});
const collation = z.preprocess(recordOf, collationFields);

const fields = {
  collection: z.string('the name of a collection, written out, is allowed here'),
  ejson: z.enum(['relaxed', 'canonical']).optional(),
  filter: z
    .unknown()
    .optional()
    .meta({
      shown: objectOf(z.unknown()),
      description: `A MongoDB filter; references may stand for what a field is compared with. ${NOTATION}`,
    }),
  projection: z.unknown().optional().meta({ shown: projectionShown() }),
  sort: z.unknown().optional().meta({ shown: sortShown() }),
  pipeline: z.unknown().meta({
    type: 'array',
    shown: pipelineShown(),
    description: `An aggregation pipeline; references may stand for what a field is compared with in $match, for a literal in an expression, and for the number of $limit and $skip. ${NOTATION}`,
  }),
  hint: z.unknown().optional().meta({ shown: hintShown }),
  collation: collation.optional(),
  skip: fillable(count(0)).optional(),
  limit: fillable(count(1)).optional(),
  batchSize: count(1).optional(),
  key: z
    .string('the name of a field, written out, is allowed here')
    .regex(/^[^$\0][^\0]*$/, 'the name of a field is allowed here'),
};
const { collection, ejson, filter, projection, sort, pipeline, hint, skip, limit, batchSize, key } = fields;
const shared = { collection, ejson, collation: fields.collation };

/** The operations, and what their params may say. */
export const ops = {
  findOne: { params: z.strictObject({ ...shared, filter, projection, sort, skip, hint }), single: true },
  find: {
    params: z.strictObject({ ...shared, filter, projection, sort, skip, hint, limit, batchSize }),
    streams: 'items',
  },
  aggregate: { params: z.strictObject({ ...shared, pipeline, hint, batchSize }), streams: 'items' },
  countDocuments: { params: z.strictObject({ ...shared, filter, skip, limit, hint }), single: true },
  distinct: { params: z.strictObject({ ...shared, key, filter }) },
} as const;

const READS: Readonly<Record<string, Read>> = {
  filter: readFilter,
  projection: readProjection,
  sort: readFoundSort,
  pipeline: readPipeline,
  hint: readHint,
  skip: readFilled(count(0)),
  limit: readFilled(count(1)),
};

/** A param that may be filled in: by the same rule as where it is written out, which was checked before. */
function readFilled(schema: z.ZodType): Read {
  return (walk, value) => {
    if (typeof value === 'number' || isPlainReference(value)) return value;
    const { data, faults } = checkCompiled(schema, bareNumber(unwrapped(value)));
    return faults[0] ? walk.fault(faults[0].detail) : data;
  };
}

type Params = Readonly<Record<string, unknown>>;

/** Checks an operation's params, and makes the command of them. Faults go to `fault`. */
export function compileQuery(op: string, params: Params, options: MongoOptions, fault: ReportFault): MongoQuery {
  const lists = listsOf(options, op);
  const walk = new Walk(lists, fault);
  const read: Record<string, unknown> = {};
  for (const name in params) {
    const value = params[name];
    const reader = READS[name];
    if (value !== undefined) read[name] = reader ? walk.at(name, value, reader) : value;
  }
  const collection = params['collection'] as string;
  if (!lists.collections.has(collection)) fault(['collection'], choice([...lists.collections]));
  const query: { -readonly [K in keyof MongoQuery]: MongoQuery[K] } = {
    collection,
    mode: (read['ejson'] as Mode | undefined) ?? 'plain',
    command: commandOf(op, collection, read),
  };
  if (read['limit'] !== undefined) query.limit = read['limit'] as number;
  if (read['batchSize'] !== undefined) query.batchSize = read['batchSize'] as number;
  return query;
}

function commandOf(op: string, collection: string, read: Params): Record<string, unknown> {
  const { filter = {}, pipeline, key, skip, limit } = read;
  if (op === 'distinct') return withFields(['collation'], read, { distinct: collection, key, query: filter });
  if (op === 'find' || op === 'findOne') {
    const command = withFields(FIND_FIELDS, read, { find: collection, filter });
    command['allowDiskUse'] = false;
    if (op === 'findOne') {
      command['limit'] = 1;
      command['singleBatch'] = true;
    }
    return command;
  }
  const stages = op === 'aggregate' ? pipeline : counting(filter, skip, limit);
  const command = withFields(AGGREGATE_FIELDS, read, { aggregate: collection, pipeline: stages, cursor: {} });
  command['allowDiskUse'] = false;
  return command;
}

const FIND_FIELDS = ['projection', 'sort', 'skip', 'collation', 'hint'] as const;
const AGGREGATE_FIELDS = ['collation', 'hint'] as const;

/** Adds to a command those of its fields that the query names. */
function withFields(names: readonly string[], read: Params, command: Record<string, unknown>): Record<string, unknown> {
  for (const name of names) if (read[name] !== undefined) command[name] = read[name];
  return command;
}

/** The count command counts wrongly on a sharded cluster; drivers count by aggregation, too. */
function counting(filter: unknown, skip: unknown, limit: unknown): unknown[] {
  const stages: unknown[] = [{ $match: filter }];
  if (skip !== undefined) stages.push({ $skip: skip });
  if (limit !== undefined) stages.push({ $limit: limit });
  stages.push({ $group: { _id: 1, n: { $sum: 1 } } });
  return stages;
}

/** What a source's queries may name: in an aggregation, which a count is, too, and in any other command. */
interface ListsByCommand {
  readonly aggregated: Lists;
  readonly found: Lists;
}

const known = new WeakMap<MongoOptions, ListsByCommand>();

function listsOf(options: MongoOptions, op: string): Lists {
  let lists = known.get(options);
  if (!lists) known.set(options, (lists = listsByCommand(options)));
  return op === 'aggregate' || op === 'countDocuments' ? lists.aggregated : lists.found;
}

function listsByCommand(options: MongoOptions): ListsByCommand {
  const operators: ReadonlySet<string> = options.operators ? new Set(options.operators) : OPERATORS;
  const found = {
    collections: new Set(options.collections),
    operators,
    stages: options.stages ? new Set(options.stages) : STAGES,
  };
  return { found, aggregated: { ...found, operators: operators.difference(SORTING) } };
}
