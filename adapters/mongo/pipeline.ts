import { z } from 'zod';
import { hasMember, keysOf, memberOf } from '../../src/json/members.ts';
import { choice } from '../../src/store/choice.ts';
import { isHole } from '../../src/store/placeholder.ts';
import { readLiteral, readWhole } from './data.ts';
import { readCode, readExpression, readExpressions, readOperator } from './expression.ts';
import { readFilter } from './filter.ts';
import { readGeometry } from './geo.ts';
import { readProject } from './projection.ts';
import { readSort } from './sort.ts';
import { STAGES } from './operators.ts';
import { isFields, type Read, type Walk } from './walk.ts';

/** What stands in a pipeline that has no collection alone. */
const OWN = '$documents';

/** The pipeline of a collection, of these stages, as a schema shows it. */
export function pipelineShown(stages: Iterable<string> = STAGES): z.ZodType {
  const names = z.enum([...new Set(stages)].filter((name) => name !== OWN));
  return z.array(z.partialRecord(names, z.unknown()).meta({ minProperties: 1, maxProperties: 1 }));
}

/** Reads an aggregation pipeline, and every pipeline inside it. */
export function readPipeline(walk: Walk, value: unknown): unknown {
  return walk.list(value, readStage([OWN]));
}

/**
 * Reads the pipeline of a `$lookup` or `$unionWith` that names no collection: it brings its own documents.
 */
function readOwnPipeline(walk: Walk, value: unknown): unknown {
  const first = Array.isArray(value) ? (value[0] as unknown) : undefined;
  if (!isFields(first) || !hasMember(first, OWN))
    return walk.fault('without a collection, a pipeline that begins with $documents is allowed here');
  return walk.list(value, readStage([]));
}

function readStage(except: readonly string[]): Read {
  return (walk, value) => {
    if (isHole(value)) return walk.noHole();
    if (!isFields(value)) return walk.fault('a stage, an object, is allowed here');
    const keys = keysOf(value);
    const [stage = ''] = keys;
    if (keys.length !== 1) return walk.fault('a stage is an object with one key');
    if (!walk.lists.stages.has(stage) || except.includes(stage)) {
      const stages = [...walk.lists.stages].filter((name) => !except.includes(name));
      return walk.faultAt(stage, `this stage is not allowed; ${choice(stages)}`);
    }
    return { [stage]: walk.at(stage, memberOf(value, stage), STAGE_READS[stage] ?? readLiteral) };
  };
}

const readCollection: Read = (walk, value) => {
  if (typeof value === 'string' && walk.lists.collections.has(value)) return value;
  return walk.fault(`allowed here, written out: ${[...walk.lists.collections].join(', ')}`);
};

const readText: Read = (walk, value) => {
  if (isHole(value)) return walk.noHole();
  return typeof value === 'string' ? value : walk.fault('a string is allowed here');
};

/** Fields made by accumulators: `{total: {$sum: "$price"}}`. */
function accumulated(beside: Readonly<Record<string, Read>> = {}): Read {
  return (walk, value) => {
    if (isHole(value)) return walk.noHole();
    if (!isFields(value)) return walk.fault('an accumulator, an object of one operator, is allowed here');
    const operator = keysOf(value).find((key) => key.startsWith('$')) ?? '';
    return readOperator(walk, operator, value, beside);
  };
}

const readAccumulated: Read = (walk, value) => walk.named(value, accumulated());

const readGroup: Read = (walk, value) =>
  walk.named(value, (walk, member) => (walk.key === '_id' ? readExpression : accumulated())(walk, member));

const readLookup: Read = (walk, value) => {
  const named = isFields(value) && hasMember(value, 'from');
  return walk.fields(
    value,
    {
      from: readCollection,
      localField: readText,
      foreignField: readText,
      let: readExpressions,
      pipeline: named ? readPipeline : readOwnPipeline,
      as: readText,
    },
    named ? ['as'] : ['as', 'pipeline'],
  );
};

const readUnionWith: Read = (walk, value) => {
  if (!isFields(value)) return readCollection(walk, value);
  const named = hasMember(value, 'coll');
  return walk.fields(
    value,
    { coll: readCollection, pipeline: named ? readPipeline : readOwnPipeline },
    named ? [] : ['pipeline'],
  );
};

const readGraphLookup: Read = (walk, value) =>
  walk.fields(
    value,
    {
      from: readCollection,
      startWith: readExpression,
      connectFromField: readText,
      connectToField: readText,
      as: readText,
      maxDepth: readLiteral,
      depthField: readText,
      restrictSearchWithMatch: readFilter,
    },
    ['from', 'startWith', 'connectFromField', 'connectToField', 'as'],
  );

const readGeoNear: Read = (walk, value) =>
  walk.fields(value, {
    near: (walk, near) => (isFields(near) ? readGeometry(walk, near) : readLiteral(walk, near)),
    query: readFilter,
    distanceField: readText,
    distanceMultiplier: readLiteral,
    includeLocs: readText,
    key: readText,
    maxDistance: readLiteral,
    minDistance: readLiteral,
    spherical: readLiteral,
  });

/** `$rankFusion` and `$scoreFusion`: named pipelines whose results are combined. */
const readFusion: Read = (walk, value) =>
  walk.fields(
    value,
    {
      input: (walk, input) =>
        walk.fields(
          input,
          { pipelines: (walk, pipelines) => walk.named(pipelines, readPipeline), normalization: readText },
          ['pipelines'],
        ),
      combination: (walk, combination) =>
        walk.fields(combination, { weights: readLiteral, method: readText, expression: readExpression }),
      scoreDetails: readLiteral,
    },
    ['input'],
  );

const readFill: Read = (walk, value) =>
  walk.fields(
    value,
    {
      partitionBy: readExpression,
      partitionByFields: readLiteral,
      sortBy: readSort,
      output: (walk, output) =>
        walk.named(output, (walk, field) => walk.fields(field, { value: readExpression, method: readText })),
    },
    ['output'],
  );

const readExpressionList: Read = (walk, value) => walk.list(value, readExpression);

/** How each stage's argument is read; what is not here is data that is written out. */
const STAGE_READS: Readonly<Record<string, Read>> = {
  $addFields: readExpressions,
  $bucket: (walk, value) =>
    walk.fields(
      value,
      { groupBy: readExpression, boundaries: readExpressionList, default: readExpression, output: readAccumulated },
      ['groupBy', 'boundaries'],
    ),
  $bucketAuto: (walk, value) =>
    walk.fields(
      value,
      { groupBy: readExpression, buckets: readLiteral, output: readAccumulated, granularity: readText },
      ['groupBy', 'buckets'],
    ),
  $count: readText,
  $documents: readCode,
  $facet: (walk, value) => walk.named(value, readPipeline),
  $fill: readFill,
  $geoNear: readGeoNear,
  $graphLookup: readGraphLookup,
  $group: readGroup,
  $limit: readWhole(1),
  $lookup: readLookup,
  $match: readFilter,
  $project: readProject,
  $rankFusion: readFusion,
  $redact: readExpression,
  $replaceRoot: (walk, value) => walk.fields(value, { newRoot: readExpression }, ['newRoot']),
  $replaceWith: readExpression,
  $score: (walk, value) =>
    walk.fields(
      value,
      { score: readExpression, normalization: readText, weight: readLiteral, scoreDetails: readLiteral },
      ['score'],
    ),
  $scoreFusion: readFusion,
  $set: readExpressions,
  $setWindowFields: (walk, value) =>
    walk.fields(
      value,
      {
        partitionBy: readExpression,
        sortBy: readSort,
        output: (walk, output) => walk.named(output, accumulated({ window: readLiteral })),
      },
      ['output'],
    ),
  $skip: readWhole(0),
  $sort: readSort,
  $sortByCount: readExpression,
  $unionWith: readUnionWith,
  $vectorSearch: (walk, value) =>
    walk.fields(value, {
      index: readText,
      path: readText,
      queryVector: readLiteral,
      query: readLiteral,
      model: readText,
      limit: readLiteral,
      numCandidates: readLiteral,
      exact: readLiteral,
      filter: readFilter,
    }),
};
