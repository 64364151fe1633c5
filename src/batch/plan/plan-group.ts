import type { z } from 'zod';
import { isLoopHeld } from '../../budget/turns.ts';
import type { Steps } from '../../budget/work.ts';
import { isLongerThan } from '../../json/characters.ts';
import { hasMember, isObject, keysOf, valuesOf } from '../../json/members.ts';
import { missing } from '../../store/choice.ts';
import { groupSchema, querySchema } from './body-schema.ts';
import { callsOf } from './calls.ts';
import { checkFields, type Fields } from './check-fields.ts';
import type { GroupNode, Node, Pattern } from './node.ts';
import type { Place } from './place.ts';
import { planModifiers, UNPLANNED } from './plan-modifiers.ts';
import { checkAddressee, planQuery, ReadQuery } from './plan-query.ts';
import type { Planner } from './planner.ts';
import { plainOf, type Reference } from '../template/reference.ts';

/** Plans a group and all that is in it; the batch as a whole is one, too. */
export function* planGroup(pattern: Pattern, fields: Fields, place: Place, planner: Planner): Steps<GroupNode> {
  const { at, depth, key, index } = place;
  const references: Reference[] = [];
  const modifiers = planModifiers(fields, place, planner, references);
  const members = yield* planMembers(pattern, fields['queries'], place, planner);
  const take = pattern === 'first-reply' ? (fields['take'] as number | undefined) : undefined;
  if (typeof take === 'number' && take > members.length)
    planner.report(at.below('take'), 'take is more than there are queries');
  if (pattern === 'first-reply' && fields['hedgeMs'] !== undefined && !Object.hasOwn(fields, 'take'))
    planner.report(at.below('hedgeMs'), 'hedgeMs needs take');
  const node: GroupNode = {
    ...UNPLANNED,
    ...modifiers,
    depth,
    key,
    index,
    referencesToRun: plainOf(references),
    stream: members.some(({ stream }) => stream),
    kind: 'group',
    pattern,
    members,
    take,
    hedgeMs: fields['hedgeMs'] as number | undefined,
    calls: members.reduce((sum, member) => sum + callsOf(member), 0),
  };
  planner.origins?.set(node, { fields });
  return node;
}

function* planMembers(pattern: Pattern, queries: unknown, { at, depth }: Place, planner: Planner): Steps<Node[]> {
  const { limits, report } = planner;
  const here = at.below('queries');
  const keyed = pattern === 'kv';
  const fits = typeof queries === 'object' && queries !== null && Array.isArray(queries) !== keyed;
  if (!fits) {
    const detail = keyed ? 'an object of queries, by key, is allowed here' : 'a list of queries is allowed here';
    report(here, queries === undefined ? missing('queries', detail) : detail);
    return [];
  }
  const keys = keyed ? keysOf(queries) : undefined;
  const members: Node[] = [];
  for (const query of valuesOf(queries)) {
    planner.queries += 1;
    if (planner.queries > limits.queries) {
      if (planner.queries === limits.queries + 1) report(here, `more than ${limits.queries} queries`);
      break;
    }
    const index = members.length;
    const key = keys?.[index];
    const place = { at: here.below(key ?? index), depth: depth + 1, key, index };
    if (key !== undefined && isLongerThan(key, limits.keyChars))
      report(place.at, `a key has at most ${limits.keyChars} characters`);
    if (isLoopHeld()) yield;
    const member = readMember(query, place, planner);
    if (member instanceof ReadQuery) {
      if (isLoopHeld()) yield;
      members.push(planQuery(member, planner));
    } else members.push(yield* member);
  }
  return members;
}

/** A member that is a query is planned once others have had their turn. */
function readMember(value: unknown, place: Place, planner: Planner): ReadQuery | Steps<GroupNode> {
  const { at, depth } = place;
  const { limits, report } = planner;
  const schema = schemaFor(value);
  const isGroup = schema === groupSchema;
  const fields = checkFields(schema, value, at, report);
  if (!isGroup && fields) checkAddressee(fields, at, planner);
  if (!isGroup || !fields) return new ReadQuery(fields ?? {}, place, planner);
  const known = fields['pattern'] as Pattern | undefined;
  if (known && known !== 'first-reply') {
    for (const field of ['take', 'hedgeMs'])
      if (fields[field] !== undefined) report(at.below(field), `${field} belongs to first-reply`);
  }
  if (depth > limits.nesting) {
    report(at, `groups are nested at most ${limits.nesting} deep`);
    return new ReadQuery({}, place, planner);
  }
  return planGroup(known ?? (Array.isArray(fields['queries']) ? 'ordered' : 'kv'), fields, place, planner);
}

/** What a query or group is checked against, by the fields that it has. */
function schemaFor(value: unknown): z.ZodObject {
  const isGroup = isObject(value) && (hasMember(value, 'pattern') || hasMember(value, 'queries'));
  return isGroup ? groupSchema : querySchema;
}
