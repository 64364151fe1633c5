import { toCodapError } from '../../errors.ts';
import type { ItemBatch } from '../../store/payload.ts';
import { countsWhole, type Pattern } from '../plan/node.ts';
import type { Batch } from './batch.ts';
import { interleave } from './interleave.ts';
import { hasFlowed, isShown, shown, type Member, type Reply } from './reply.ts';
import { groupReply } from './running-group.ts';
import type { Container, RunningMember } from './running-member.ts';
import { closed } from './settle.ts';

/**
 * One step of an answer that flows: a reply in its place, or some items of a streamed list, as JSON, and the
 * first one's index.
 */
export type Frame =
  | {
      readonly kind: 'reply';
      readonly member: Member;
      readonly count: number | undefined;
      /** Its members have been told before it. */
      readonly isLast: boolean;
    }
  | {
      readonly kind: 'items';
      readonly path: Member['path'];
      readonly index: number;
      readonly items: readonly string[];
    };

/** Characters of items that are told in one step: more wait until these were taken. */
const TOLD_TOGETHER = 32_768;

/** How an encoding wants its frames. */
export interface FrameOrder {
  /** Patterns whose members come one after the other rather than as they arrive. */
  readonly inOrder: readonly Pattern[];
}

interface Telling extends FrameOrder {
  readonly batch: Batch;
}

/**
 * The replies of a batch under way, as they may be told: the members of a group or forEach, then its own.
 * Returns the whole as it ended. A list that flows is read here; a body by whoever takes its frame, before
 * asking for the next.
 */
export async function* frames(batch: Batch, root: RunningMember, order: FrameOrder): AsyncGenerator<Frame, Reply> {
  const container = await root.container;
  if (container) yield* framesWithin(container, { batch, ...order }, false);
  return (root.closed = present(await root.reply, container));
}

async function* framesWithin(container: Container, telling: Telling, isInOrder: boolean): AsyncGenerator<Frame> {
  const { members, node, arrivals } = container;
  if (node?.take !== undefined) {
    // Nothing within what counts as a whole has a turn of its own: all of it has as long as the batch.
    const openBy = performance.now() + telling.batch.options.timeoutMs;
    for (const member of members) member.demand(countsWhole(member.node) ? openBy : Infinity);
    for await (const member of arrivals ?? []) {
      if (!member) return;
      yield* framesOf(member, container, telling, false);
    }
  } else if (node ? telling.inOrder.includes(node.pattern) : isInOrder) {
    for (const member of members) yield* framesOf(member, container, telling, true);
  } else yield* interleave(members, (member) => framesOf(member, container, telling, false), telling.batch.work);
}

async function* framesOf(
  member: RunningMember,
  around: Container,
  telling: Telling,
  isInOrder: boolean,
): AsyncGenerator<Frame> {
  member.demand();
  // Whether what is hidden is shown is known once it has settled.
  const { hidden } = member.node;
  if (hidden) await member.reply;
  const isOne = member.isOpaque || (hidden && !isShown(member.inAnswer));
  const container = isOne ? undefined : await member.container;
  if (container) yield* framesWithin(container, telling, isInOrder);
  const opened = await member.reply;
  const reply = opened.flow?.payload.kind === 'items' ? yield* itemFrames(member, opened) : present(opened, container);
  traceEnd(member, opened, container);
  const told: Member = { ...member.inAnswer, reply };
  const count = container && reply.list && shown(reply.list.members).length;
  if (isShown(told)) yield { kind: 'reply', member: told, count, isLast: container !== undefined };
  // A body was read by whoever took its frame.
  if (member.trace) member.trace.ended ??= performance.now();
  closed(member, present(reply), around, telling.batch);
}

/** A list has come to be once it was read, a group once all was that flows in it. */
function traceEnd({ trace }: RunningMember, { flow }: Reply, container: Container | undefined): void {
  if (!trace) return;
  if (flow?.payload.kind === 'items') trace.ended = performance.now();
  for (const { trace: inner } of container?.members ?? []) trace.ended = Math.max(trace.ended ?? 0, inner?.ended ?? 0);
}

/** A reply that has opened, as it is by now: its members may have closed, its body may have broken. */
function present(reply: Reply, container?: Container): Reply {
  if (container && reply.list) {
    const list = container.list();
    return groupReply(list, list.members.some(hasFlowed) ? performance.now() - container.started : reply.ms);
  }
  const error = reply.flow?.broken;
  return error ? { ...reply, status: 'error', error } : reply;
}

/** A whole that nobody has read to its end, as it is by now: what was open in it then is cut. */
export function leftOpen(reply: Reply): Reply {
  const { list, defaulted, ms } = reply;
  if (!list || defaulted) return present(reply);
  const members = list.members.map((member) => ({ ...member, reply: leftOpen(member.reply) }));
  const isStillTaken = list.members.every(({ reply }, at) => reply.status === members[at]?.reply.status);
  return groupReply({ ...list, members, taken: list.taken && isStillTaken }, ms);
}

async function* itemFrames(member: RunningMember, reply: Reply): AsyncGenerator<Frame, Reply> {
  const { flow, ms: opening = 0 } = reply;
  const began = performance.now() - opening;
  let index = 0;
  try {
    for (;;) {
      const step = await flow?.next();
      if (!step || step.done) break;
      for (const items of portions(step.value as ItemBatch)) {
        yield { kind: 'items', path: member.path, index, items };
        index += items.length;
      }
    }
    return { status: 'ok', items: index, ms: performance.now() - began };
  } catch (error) {
    return { status: 'error', error: toCodapError(error), items: index, ms: performance.now() - began };
  } finally {
    flow?.close();
  }
}

function* portions(batch: ItemBatch): Generator<string[]> {
  let items: string[] = [];
  let length = 0;
  for (const item of batch) {
    items.push(item);
    length += item.length;
    if (length < TOLD_TOGETHER) continue;
    yield items;
    items = [];
    length = 0;
  }
  if (items.length > 0) yield items;
}
