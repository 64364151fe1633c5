import { hasMember, keysOf, memberOf } from '../../src/json/members.ts';
import { readLiteral } from './data.ts';
import { isFields, isHole, type Read, type Walk } from './walk.ts';
import { STAGE_READS } from './stages.ts';

/** Reads an aggregation pipeline, and every pipeline inside it. */
export function readPipeline(walk: Walk, value: unknown): unknown {
  return walk.list(value, readStage(['$documents']));
}

/** Reads the pipeline of a `$lookup` or `$unionWith` that names no collection: it brings its own documents. */
export function readOwnPipeline(walk: Walk, value: unknown): unknown {
  const first = Array.isArray(value) ? (value[0] as unknown) : undefined;
  if (!isFields(first) || !hasMember(first, '$documents'))
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
    if (!walk.lists.stages.has(stage) || except.includes(stage))
      return walk.faultAt(stage, 'this stage is not allowed here');
    return { [stage]: walk.at(stage, memberOf(value, stage), STAGE_READS[stage] ?? readLiteral) };
  };
}
