import { z } from 'zod';
import { keysOf, memberOf } from '../../src/json/members.ts';
import { isHole } from '../../src/store/placeholder.ts';
import { objectOf } from '../fillable.ts';
import { readLiteral } from './data.ts';
import { readCode, readExpression } from './expression.ts';
import { isWrapper } from './extended-json.ts';
import { readFilter } from './filter.ts';
import { metaShown, readMeta } from './sort.ts';
import { isFields, type Fields, type Read, type Walk } from './walk.ts';

/** A find's projection as a schema shows it, with or without `$meta`. */
export function projectionShown(hasMeta = true): z.ZodType {
  const plain = [z.number(), z.boolean(), z.string(), z.null(), z.array(z.unknown())];
  const field = z.union([...plain, ...(hasMeta ? [metaShown] : []), objectOf(z.unknown())]);
  return objectOf(field, z.string().regex(/^(?!\$)/));
}

/** Reads a find's projection, all of it written out. */
export function readProjection(walk: Walk, value: unknown): unknown {
  return walk.literally(value, (walk) => walk.named(value, readFindField));
}

/** Reads what `$project` takes; references may stand inside its expressions, but not for a field's own. */
export function readProject(walk: Walk, value: unknown): unknown {
  return walk.named(value, readField);
}

const readFindField: Read = (walk, value) => {
  if (!isFields(value) || isWrapper(value)) return readCode(walk, value);
  const [first = ''] = keysOf(value);
  if (!first.startsWith('$')) return walk.named(value, readFindField);
  if (first === '$meta') return readMeta(walk, value);
  if (first !== '$elemMatch' && !isFindSlice(value)) return readExpression(walk, value);
  return walk.operators(value, { $elemMatch: readFilter, $slice: readLiteral });
};

/** A find's `$slice` counts; an expression's begins with the list it slices. */
function isFindSlice(value: Fields): boolean {
  const slice = memberOf(value, '$slice');
  return typeof slice === 'number' || (Array.isArray(slice) && slice.every((it) => typeof it === 'number'));
}

const readField: Read = (walk, value) => {
  if (isHole(value)) return walk.noHole();
  const nested = isFields(value) && !isWrapper(value) && !keysOf(value)[0]?.startsWith('$');
  return nested ? walk.named(value, readField) : readExpression(walk, value);
};
