import { z } from 'zod';
import { entriesOf, keysOf, onlyKeyOf, put } from '../../src/json/members.ts';
import { choice } from '../../src/store/choice.ts';
import { isHole } from '../../src/store/placeholder.ts';
import { objectOf } from '../fillable.ts';
import { bareNumber, isWrapper, readWrapper } from './extended-json.ts';
import { isFields, isSendable, type Fields, type Read, type Walk } from './walk.ts';

const ways = [1, -1] as const;
const kinds = [...ways, 'text', 'hashed', '2d', '2dsphere'] as const;
const metas = [
  'textScore',
  'indexKey',
  'searchScore',
  'searchScoreDetails',
  'searchHighlights',
  'vectorSearchScore',
  'geoNearDistance',
  'score',
  'scoreDetails',
] as const;
const WAYS: ReadonlySet<unknown> = new Set(ways);
const KINDS: ReadonlySet<unknown> = new Set(kinds);
const METAS: ReadonlySet<unknown> = new Set(metas);

const wrappedNumber = objectOf(z.string(), z.string().regex(/^\$number(?:Int|Long|Double)$/)).meta({
  minProperties: 1,
  maxProperties: 1,
});
const orderOf = (field: z.ZodType, name = /^[^$]/): z.ZodType =>
  objectOf(field, z.string().regex(name)).meta({ minProperties: 1 });

/** `{$meta: …}` as a schema shows it. */
export const metaShown = z.strictObject({ $meta: z.enum(metas) });
const naturalShown = z.strictObject({ $natural: z.union([z.literal(ways), wrappedNumber]) });
/** The sort of a find as a schema shows it, with or without `$meta`. */
export function sortShown(hasMeta = true): z.ZodType {
  const field = z.union([z.literal(ways), ...(hasMeta ? [metaShown] : []), wrappedNumber]);
  return z.union([orderOf(field), naturalShown]);
}
/** A hint as a schema shows it. */
export const hintShown = z.union([
  z.string().regex(/^(?:[^$]|\$\*\*)/),
  orderOf(z.union([z.literal(kinds), wrappedNumber]), /^(?:[^$]|\$\*\*$)/),
  naturalShown,
]);

/** Reads a sort: fields with 1, -1 or `{$meta: …}`, all of it written out. */
export function readSort(walk: Walk, value: unknown): unknown {
  return readOrder(walk, value, readWay);
}

/** Reads the sort of a find, which may be that in which the store has its documents. */
export function readFoundSort(walk: Walk, value: unknown): unknown {
  return readNatural(walk, value) ?? readSort(walk, value);
}

/** Reads what orders plain values (`$sortArray`): 1 or -1; or a sort. */
export function readArraySort(walk: Walk, value: unknown): unknown {
  return WAYS.has(value) ? value : readSort(walk, value);
}

/** Stands in an index for all fields, and at the beginning of its name. */
const WILDCARD = '$**';

/** Reads a hint: an index's name, or its fields; or that none is to be used. */
export function readHint(walk: Walk, value: unknown): unknown {
  if (typeof value !== 'string') return readNatural(walk, value) ?? readOrder(walk, value, readKind, WILDCARD);
  const isName = value.startsWith(WILDCARD) || (value !== '' && !value.startsWith('$'));
  return isName ? value : walk.fault('the name of an index is allowed here');
}

/** Reads `{$meta: …}`, by which a sort or a projection asks for a score. */
export function readMeta(walk: Walk, value: unknown): unknown {
  return walk.operators(value, { $meta: readScore });
}

const readScore: Read = (walk, value) => (METAS.has(value) ? value : walk.fault(choice(metas)));

/** Reads `{$natural: 1}` or -1, the store's own order one way or the other; undefined for anything else. */
function readNatural(walk: Walk, value: unknown): unknown {
  if (!isFields(value) || onlyKeyOf(value) !== '$natural') return undefined;
  return walk.fields(value, { $natural: (walk, it) => readOne(walk, it, WAYS, '1 or -1 is allowed here') });
}

/** Reads fields in their order; beside their names another one may be there, too. */
function readOrder(walk: Walk, value: unknown, readField: Read, other?: string): unknown {
  if (isHole(value)) return walk.noHole();
  if (!isFields(value)) return walk.fault('an object of fields is allowed here');
  if (keysOf(value).length === 0) return walk.fault('at least one field is missing');
  let result: object = {};
  for (const [key, member] of entriesOf(value)) {
    if (key !== other && (key === '' || key.startsWith('$') || !isSendable(key)))
      walk.faultAt(key, 'the name of a field is allowed here');
    else result = put(result, key, walk.at(key, member, readField));
  }
  return result;
}

const readWay: Read = (walk, value) => {
  if (isHole(value)) return walk.noHole();
  if (isFields(value) && keysOf(value).length > 0 && !isWrapper(value)) return readMeta(walk, value);
  return readOne(walk, value, WAYS, '1, -1 or {"$meta": …} is allowed here');
};

const readKind: Read = (walk, value) => {
  if (isHole(value)) return walk.noHole();
  return readOne(walk, value, KINDS, choice(kinds));
};

const readNumber: Read = (walk, value) => readWrapper(walk, value as Fields);

/** One of a few values; a number may be written in Extended JSON. */
function readOne(walk: Walk, value: unknown, of: ReadonlySet<unknown>, detail: string): unknown {
  const known = isFields(value) && isWrapper(value) ? bareNumber(walk.literally(value, readNumber)) : value;
  if (known === null && value !== null) return null;
  return of.has(known) ? known : walk.fault(detail);
}
