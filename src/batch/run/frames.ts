import { notNeeded, toCodapError } from '../../errors.ts';
import type { ItemBatch } from '../../store/payload.ts';
import type { Container, Live } from './live.ts';
import { merge } from './interleave.ts';
import type { Pattern } from '../plan/node.ts';
import { failed, replyOf, shown, type Member, type MemberList, type Reply } from './reply.ts';
import type { Running } from './run.ts';

/** One step of an answer that flows: a reply in its place, or some items of a streamed list, as JSON, and the first one's index. */
export type Frame =
  | { readonly kind: 'reply'; readonly member: Member; readonly count: number | undefined }
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

interface Telling extends FrameOrder, Pick<Running, 'batch'> {}

/**
 * The replies of a batch under way, as they may be told: the members of a group or forEach, then its own.
 * Returns the whole as it ended. A list that flows is read here; a body by whoever takes its frame, before asking for the next.
 */
export async function* frames({ batch, root }: Running, order: FrameOrder): AsyncGenerator<Frame, Reply> {
  const container = await root.container;
  const ended = container && (yield* unfold(container, { batch, ...order }, false));
  return ended ? regroup(await root.reply, ended, container) : root.reply;
}

async function* memberFrames(live: Live, telling: Telling, sequential: boolean): AsyncGenerator<Frame, Member> {
  live.demand();
  const whole = live.opaque || live.node.hidden;
  const container = whole ? undefined : await live.container;
  let reply: Reply;
  if (container) {
    const ended = yield* unfold(container, telling, sequential);
    reply = regroup(await live.reply, ended, container);
  } else {
    reply = await live.reply;
    if (reply.opened?.payload.kind === 'items') reply = yield* itemFrames(live, reply);
  }
  const { node, path, as } = live;
  const member: Member = { node, path, as, hidden: node.hidden, reply: cut(reply) };
  if (shown([member]).length > 0) {
    yield { kind: 'reply', member, count: container && reply.list ? shown(reply.list.members).length : undefined };
  }
  const ended = cut(member.reply);
  if (ended.error && !container && live.settled?.status === 'ok') telling.batch.broke({ path, error: ended.error });
  return { ...member, reply: ended };
}

/** What became of a reply whose body has been read, or given up, meanwhile. */
function cut(reply: Reply): Reply {
  const error = reply.opened?.payload.kind === 'body' ? reply.opened.broken : undefined;
  return error ? { ...reply, status: 'error', error } : reply;
}

async function* unfold(
  container: Container,
  telling: Telling,
  around: boolean,
): AsyncGenerator<Frame, Map<Live, Member>> {
  const ended = new Map<Live, Member>();
  const end = (live: Live, member: Member): void => {
    ended.set(live, member);
    if (!container.pattern || !member.node.required || !failed(member.reply)) return;
    for (const other of container.lives) if (!ended.has(other)) other.giveUp(notNeeded());
    container.cancel?.();
  };
  if (container.taking) {
    // A group or forEach is a success only as a whole: nothing within it can wait for its turn.
    for (const live of container.lives) live.demand(live.each || live.node.kind === 'group');
    for await (const one of container.arrivals ?? []) {
      if (!one) break;
      end(one, yield* memberFrames(one, telling, false));
    }
    return ended;
  }
  const sequential = container.pattern ? telling.inOrder.includes(container.pattern) : around;
  if (sequential) {
    for (const one of container.lives) end(one, yield* memberFrames(one, telling, true));
    return ended;
  }
  const byPath = new Map(container.lives.map((one) => [one.path, one]));
  yield* merge(
    container.lives.map((one) => memberFrames(one, telling, false)),
    (member) => end(byPath.get(member.path) as Live, member),
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
      for (const items of portions(step.value as ItemBatch)) {
        yield { kind: 'items', path: live.path, index, items };
        index += items.length;
      }
    }
    return { status: 'ok', items: index, ms: performance.now() - began };
  } catch (error) {
    return { status: 'error', error: toCodapError(error), items: index, ms: performance.now() - began };
  } finally {
    opened?.close();
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

/** A group's reply, told again with what became of the lists and bodies that flowed. */
function regroup(reply: Reply, ended: ReadonlyMap<Live, Member>, { pattern }: Pick<Container, 'pattern'> = {}): Reply {
  const { list } = reply;
  if (!list) return reply;
  const finals = new Map([...ended.values()].map((member) => [member.path, member]));
  const members = list.members.map((member) => finals.get(member.path) ?? member);
  if (members.every((member, index) => member.reply === list.members[index]?.reply)) return reply;
  const broken = pattern && members.find((member) => member.node.required && failed(member.reply));
  const decidedBy = list.decidedBy ?? (broken?.reply.error && { path: broken.path, error: broken.reply.error });
  // A success that broke after all leaves the `take` short of one.
  const taken = list.taken && members.every(({ reply }, at) => !isOk(list.members[at]?.reply) || isOk(reply));
  const told: MemberList = { ...list, members, taken, ...(decidedBy && { decidedBy }) };
  return replyOf(told, reply.ms);
}

function isOk(reply: Reply | undefined): boolean {
  return reply?.status === 'ok';
}
