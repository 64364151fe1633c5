import { CodapError } from '../../errors.ts';
import type { Memory } from '../../budget/memory.ts';
import type { Steps } from '../../budget/work.ts';
import type { Mode } from '../../json/typed-text.ts';
import type { Meta, Value } from '../../store/payload.ts';
import { TypedValue, writeTyped } from '../../store/typed-value.ts';
import { holds, select } from '../plan/condition.ts';
import type { GroupNode, Node, QueryNode } from '../plan/node.ts';
import type { Reference } from '../plan/reference.ts';
import type { Batch } from './batch.ts';
import { fillParams, fillValue, weightOf, type Values } from './fill-template.ts';
import { failed, replyOf, valueOf, type MemberList, type Reply } from './reply.ts';
import type { Scope } from './scope.ts';
import { withDefault } from './settle.ts';

/** Whether `when` and `unless` let it run. */
export function* isChosen({ when, unless }: Node, values: Values, batch: Batch): Steps<boolean> {
  const fill = (template: unknown): Steps<unknown> => fillValue(template, values, batch);
  if (when && !(yield* holds(when, fill, batch.work))) return false;
  return !unless || !(yield* holds(unless, fill, batch.work));
}

/** What is sent to the store. What is filled in counts wherever it stands, as long as it is `held`. */
export function* compile(node: QueryNode, values: Values, { batch }: Scope, held: Memory): Steps<unknown> {
  const sizes = new Map<Reference, number>();
  for (const reference of node.references) {
    if (reference.word !== '$join') sizes.set(reference, yield* batch.mustFit(values.get(reference)));
  }
  const params = yield* fillParams(node.params, values, batch, (reference) => {
    const bytes = sizes.get(reference) ?? 0;
    held.hold(bytes);
    return bytes;
  });
  // A source goes through all of it, at once: what that takes is counted before.
  if (batch.work.tick(yield* weightOf(node.params as object, batch.work))) yield;
  const fault = (_path: unknown, detail: string): never => {
    throw new CodapError('INVALID', `a filled-in value does not fit: ${detail}`);
  };
  return node.source.prepare(node.op, params as Record<string, unknown>, fault, node.stream);
}

/** `accept`, `select`, and the answer's budget: instead of what was `held` of the store's answer counts what is kept of it. */
export function* finish(node: Node, value: Value, values: Values, scope: Scope, held?: Memory): Steps<Value> {
  const { batch } = scope;
  if (node.found && isNull(value.json)) throw new CodapError('NOT_FOUND', 'nothing was found');
  if (!node.select) {
    held?.close();
    batch.takeBytes(Buffer.byteLength(value.json));
    return value;
  }
  const fill = (template: unknown): Steps<unknown> => fillValue(template, values, batch);
  const opened = value.read ? yield* value.read(batch.work) : value.value;
  const selected = yield* select(node.select, opened, fill, batch.work);
  held?.close();
  return yield* kept(selected, batch, value.meta, value.mode);
}

/** A value that codap makes, within the answer's budget. */
function* kept(value: unknown, batch: Batch, meta?: Meta, mode?: Mode): Steps<Value> {
  yield* batch.mustFit(value);
  const typed = yield* writeTyped(value, batch.work, meta, mode);
  batch.takeBytes(Buffer.byteLength(typed.json));
  return typed;
}

/** Whether a text of JSON, however long, is null. */
function isNull(json: string): boolean {
  return json.length < 1024 ? json.trim() === 'null' : json.trimStart().startsWith('null');
}

/** What a group comes to: its members' replies, or one value made of them. */
export function* finishGroup(
  node: GroupNode,
  list: MemberList,
  values: Values,
  started: number,
  scope: Scope,
): Steps<Reply> {
  const { work } = scope.batch;
  const reply = replyOf(list, performance.now() - started);
  if (failed(reply)) return withDefault(node, reply, scope);
  const winner = node.take === 1 ? list.members.find((member) => member.reply.status === 'ok') : undefined;
  const opened = winner?.reply.opened;
  if (winner && opened)
    return {
      status: 'ok',
      opened,
      winner: winner.path.at(-1) as number,
      ...(reply.ms !== undefined && { ms: reply.ms }),
    };
  if (!winner && !node.select) return reply;
  let value = winner?.reply.value;
  if (!value) {
    const whole = (yield* valueOf(winner?.reply ?? reply, work)) ?? null;
    // What is reshaped is not written before.
    value = node.select ? new TypedValue(whole) : yield* kept(whole, scope.batch);
  }
  if (node.select || node.found) value = yield* finish(node, value, values, scope);
  return { ...reply, value, ...(winner && { winner: winner.path.at(-1) as number }) };
}
