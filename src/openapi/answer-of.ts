import { type GroupNode, isWon, type Node } from '../batch/plan/node.ts';
import type { Selection } from '../batch/modifiers/select.ts';
import { type JsonSchema, object, ref, strictObject } from './schema-of.ts';

/** What a saved batch answers as JSON, in both shapes, as far as its plan tells. */
export function answerOf(root: GroupNode): JsonSchema {
  const envelope = ref(root.pattern === 'kv' ? 'KeyedEnvelope' : 'ListedEnvelope');
  return {
    anyOf: [
      { allOf: [envelope, object({ results: repliesIn(root) })] },
      { description: '`shape: "values"`: the values alone.', ...valuesIn(root) },
      ref('Explanation'),
    ],
  };
}

function repliesIn(group: GroupNode): JsonSchema {
  const { members, pattern } = group;
  if (pattern !== 'kv')
    return listOf(
      group,
      members.map((member) => replyOf(member, 'ListedReply')),
    );
  const replies = members.map((member) => [member.key as string, replyOf(member, 'Reply')] as const);
  // What is hidden is shown where it has failed alone.
  const always = members.filter(({ hidden }) => !hidden).map(({ key }) => key as string);
  return strictObject(Object.fromEntries(replies), always);
}

function replyOf(node: Node, kind: 'Reply' | 'ListedReply'): JsonSchema {
  const value = rescued(node, valueOfOne(node));
  const one = {
    ...(!isAny(value) && { value }),
    ...(node.kind === 'group' && { replies: repliesIn(node) }),
  };
  if (node.forEach === undefined) return narrowed(kind, one);
  return narrowed(kind, { replies: { type: 'array', items: narrowed('ListedReply', one) } });
}

/** A reply of which more is known. */
function narrowed(kind: string, known: Readonly<Record<string, JsonSchema | undefined>>): JsonSchema {
  return Object.keys(known).length === 0 ? ref(kind) : { allOf: [ref(kind), { type: 'object', properties: known }] };
}

function valuesIn(group: GroupNode): JsonSchema {
  const { members, pattern } = group;
  const values = members.map((member) => orNothing(valueOf(member)));
  if (pattern !== 'kv') return listOf(group, values);
  const keys = members.map(({ key }) => key as string);
  return strictObject(Object.fromEntries(keys.map((key, at) => [key, values[at] as JsonSchema])), keys);
}

function valueOf(node: Node): JsonSchema {
  const one = rescued(node, valueOfOne(node));
  // The default of a forEach is that of each of its items.
  return node.forEach === undefined ? one : { type: 'array', items: orNothing(one) };
}

/** Of a query or group, or of one item of its forEach. */
function valueOfOne(node: Node): JsonSchema {
  if (node.select) return selected(node.select);
  if (node.kind === 'query') return {};
  return isWon(node) ? anyOf(node.members.map(valueOf)) : valuesIn(node);
}

/** Which keys there are is written in the batch, what they lead to is not. */
function selected(selection: Selection): JsonSchema {
  if (selection.kind !== 'object') return {};
  const members = selection.members.map(([key, part]) => [key, selected(part)] as const);
  return strictObject(
    Object.fromEntries(members),
    members.map(([key]) => key),
  );
}

function rescued({ default: rescue }: Node, value: JsonSchema): JsonSchema {
  return rescue ? anyOf([value, { const: JSON.parse(rescue.json) as unknown }]) : value;
}

/** What stands in a list in the order asked has its place, unless others may be left out of it. */
function listOf({ pattern, members }: GroupNode, items: readonly JsonSchema[]): JsonSchema {
  if (items.length === 0) return { type: 'array', maxItems: 0, items: {} };
  if (pattern === 'first-reply' || members.some(({ hidden }) => hidden)) return { type: 'array', items: anyOf(items) };
  return { type: 'array', prefixItems: items, items: false };
}

function orNothing(schema: JsonSchema): JsonSchema {
  return anyOf([schema, { type: 'null' }]);
}

function isAny(schema: JsonSchema): boolean {
  return Object.keys(schema).length === 0;
}

/** Any value fits where one of these takes any. */
function anyOf(schemas: readonly JsonSchema[]): JsonSchema {
  if (schemas.some(isAny)) return {};
  return schemas.length === 1 ? (schemas[0] as JsonSchema) : { anyOf: schemas };
}
