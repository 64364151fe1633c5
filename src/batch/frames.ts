import { toCodapError } from '../errors.ts';
import type { Value } from '../payload.ts';
import type { Container, Live } from './live.ts';
import { merge } from './merge.ts';
import type { Pattern } from './node.ts';
import { failed, replyOf, shown, type Member, type MemberList, type Reply } from './reply.ts';

/** One step of an answer that flows: a reply in its place, or an item of a streamed list. */
export type Frame =
  | { readonly kind: 'reply'; readonly member: Member; readonly count: number | undefined }
  | { readonly kind: 'item'; readonly path: Member['path']; readonly index: number; readonly value: Value };

/** How an encoding wants its frames. */
export interface FrameOrder {
  /** Patterns whose members come one after the other rather than as they arrive. */
  readonly inOrder: readonly Pattern[];
}

/**
 * The replies of a batch under way, as they may be told: the members of a group or forEach, then its own.
 * Returns the whole as it ended. A list that flows is read here; a body is left to whoever takes its frame.
 */
export async function* frames(root: Live, order: FrameOrder): AsyncGenerator<Frame, Reply> {
  const container = await root.container;
  const ended = container ? yield* unfold(container, order, false) : new Map<Live, Member>();
  return regroup(await root.reply, ended);
}

async function* memberFrames(live: Live, order: FrameOrder, sequential: boolean): AsyncGenerator<Frame, Member> {
  if (sequential) live.demand();
  const whole = live.opaque || live.node.hidden;
  const container = whole ? undefined : await live.container;
  let reply: Reply;
  if (container) {
    const ended = yield* unfold(container, order, sequential);
    reply = regroup(await live.reply, ended);
  } else {
    reply = await live.reply;
    if (reply.opened?.payload.kind === 'items') reply = yield* itemFrames(live, reply);
  }
  const member: Member = { node: live.node, path: live.path, as: live.as, hidden: live.node.hidden, reply };
  if (shown([member]).length > 0) {
    yield { kind: 'reply', member, count: container && reply.list ? shown(reply.list.members).length : undefined };
  }
  return member;
}

async function* unfold(
  container: Container,
  order: FrameOrder,
  around: boolean,
): AsyncGenerator<Frame, Map<Live, Member>> {
  const ended = new Map<Live, Member>();
  if (container.taking) {
    for await (const one of container.arrivals ?? []) {
      if (!one) break;
      ended.set(one, yield* memberFrames(one, order, false));
    }
    return ended;
  }
  const sequential = container.pattern ? order.inOrder.includes(container.pattern) : around;
  if (sequential) {
    for (const one of container.lives) ended.set(one, yield* memberFrames(one, order, true));
    return ended;
  }
  const byPath = new Map(container.lives.map((one) => [one.path, one]));
  yield* merge(
    container.lives.map((one) => memberFrames(one, order, false)),
    (member) => ended.set(byPath.get(member.path) as Live, member),
  );
  return ended;
}

async function* itemFrames(live: Live, reply: Reply): AsyncGenerator<Frame, Reply> {
  const { opened, ms: opening = 0 } = reply;
  const began = performance.now() - opening;
  let index = 0;
  try {
    for (;;) {
      const step = await opened?.next();
      if (!step || step.done) break;
      yield { kind: 'item', path: live.path, index, value: step.value as Value };
      index += 1;
    }
    return { status: 'ok', items: index, ms: performance.now() - began };
  } catch (error) {
    return { status: 'error', error: toCodapError(error), items: index, ms: performance.now() - began };
  } finally {
    opened?.close();
  }
}

/** A group's reply, told again with what became of the lists that flowed. */
function regroup(reply: Reply, ended: ReadonlyMap<Live, Member>): Reply {
  if (!reply.list) return reply;
  const finals = new Map([...ended.values()].map((member) => [member.path, member]));
  const members = reply.list.members.map((member) => finals.get(member.path) ?? member);
  if (members.every((member, index) => member.reply === reply.list?.members[index]?.reply)) return reply;
  const broken = members.find((member) => member.node.required && failed(member.reply));
  const decidedBy = reply.list.decidedBy ?? (broken?.reply.error && { path: broken.path, error: broken.reply.error });
  const list: MemberList = { ...reply.list, members, ...(decidedBy && { decidedBy }) };
  return replyOf(list, reply.ms);
}
