import { Joining } from '../../budget/joining.ts';
import type { Memory } from '../../budget/memory.ts';
import type { Steps } from '../../budget/work.ts';
import { Text } from '../../json/text.ts';
import { bytesOf, type Value } from '../../store/payload.ts';
import { TypedValue, writeTyped } from '../../store/typed-value.ts';
import { reshape } from '../modifiers/apply-modifiers.ts';
import { type GroupNode, isWon, type QueryNode } from '../plan/node.ts';
import type { Values } from '../template/fill-template.ts';
import type { Batch } from './batch.ts';
import { failed, modeOf, stepOf, valueOf, type MemberList, type Reply } from './reply.ts';
import { groupReply } from './running-group.ts';
import type { Scope } from './scope.ts';
import { withDefault } from './settle.ts';
import { addValue } from './value-text.ts';

/** A query's value, as the store gave it: it counts, and what was `held` of the answer does no longer. */
export function taken(value: Value, batch: Batch, held: Memory): Value {
  held.close();
  batch.takeBytes(bytesOf(value));
  return value;
}

/** What is made of a query's value. */
export function* reshaped(node: QueryNode, value: Value, values: Values, batch: Batch, held: Memory): Steps<Value> {
  const shaped = yield* reshape(node, value, { values, budgets: batch });
  if (shaped === value) return taken(value, batch, held);
  held.close();
  return yield* kept(shaped, batch);
}

/** A value that codap makes, written within the answer's budget. */
function* kept({ value, meta, mode }: Value, batch: Batch): Steps<Value> {
  yield* batch.mustFit(value);
  const typed = yield* writeTyped(value, batch.work, meta, mode);
  batch.takeBytes(typed.bytes.length);
  return typed;
}

/**
 * The value of a group or forEach that has won, written as an answer shows it: who refers to it reads what is
 * hidden in it, too.
 */
function* answeredAs(reply: Reply, { value, mode }: Value, batch: Batch): Steps<Value> {
  const text = new Text();
  addValue(text, reply);
  batch.takeBytes(text.length);
  const joining = new Joining();
  for (const slice of text.slices()) {
    if (batch.work.tick(1 + (slice.length >> 6))) yield;
    joining.add(slice);
  }
  const bytes = yield* joining.whole();
  batch.takeBytes(bytes.length - text.length);
  return new TypedValue(value, undefined, mode, bytes);
}

/**
 * What a group comes to: its members' replies, or what is made of them. To tell the replies takes no turn:
 * those of a group that was ended are told, too.
 */
export function finishGroup(
  node: GroupNode,
  list: MemberList,
  values: Values,
  started: number,
  scope: Scope,
): Reply | Steps<Reply> {
  const reply = groupReply(list, performance.now() - started);
  if (failed(reply)) return withDefault(node, reply, scope);
  return isWon(node) || node.isMadeOne ? madeOne(node, list, reply, values, started, scope.batch) : reply;
}

/** One value made of a group's replies, or the winner's. */
function* madeOne(
  node: GroupNode,
  list: MemberList,
  reply: Reply,
  values: Values,
  started: number,
  batch: Batch,
): Steps<Reply> {
  const winner = node.take === 1 ? list.members.find((member) => member.reply.status === 'ok') : undefined;
  if (!winner && !node.isMadeOne) return reply;
  const flow = winner?.reply.flow;
  if (winner && flow)
    return {
      status: 'ok',
      flow,
      winner: stepOf(winner) as number,
      ...(reply.ms !== undefined && { ms: reply.ms }),
    };
  const answered = winner?.reply.value;
  // What is reshaped is not written before.
  const from = winner?.reply ?? reply;
  const whole = answered ?? new TypedValue((yield* valueOf(from, batch.work)) ?? null, undefined, modeOf(from));
  const shaped = node.isReshaped ? yield* reshape(node, whole, { values, budgets: batch }) : whole;
  const value = shaped === whole ? (answered ?? (yield* answeredAs(from, whole, batch))) : yield* kept(shaped, batch);
  const { defaulted, error } = winner?.reply ?? {};
  return {
    ...reply,
    ms: performance.now() - started,
    value,
    ...(winner && { winner: stepOf(winner) as number }),
    ...(defaulted && error && { defaulted, error }),
  };
}
