import type { FastifyReply } from 'fastify';
import { formatPointer } from '../json/pointer.ts';
import { failed, isComplete, tenths, type MemberList, type Reply } from '../batch/run/reply.ts';
import { frames, type Frame } from '../batch/run/frames.ts';
import { openFlow } from '../batch/run/open-flow.ts';
import type { Opener } from '../batch/run/scope.ts';
import type { QueryNode } from '../batch/plan/node.ts';
import type { Running } from '../batch/run/run.ts';
import { Text } from '../json/text.ts';
import { addReplyFields } from './json.ts';
import { codingFor } from './compression.ts';
import { beforeDeadline, sendFailed } from './outcome.ts';
import { Outlet } from './outlet.ts';

/** How a media type writes frames. */
export interface FrameFormat {
  readonly mediaType: string;
  /** One frame, given its event's name and its JSON on a line of its own. */
  write(event: 'reply' | 'item' | 'end', json: string, id: number): string;
  /** What keeps an idle connection open, and how often it is sent. */
  readonly heartbeat?: { readonly text: string; readonly ms: number };
}

type ReplyFrame = Extract<Frame, { kind: 'reply' }>;
type ItemsFrame = Extract<Frame, { kind: 'items' }>;

/** Opens the queries that asked to be answered item by item. */
export function openItems(node: QueryNode): Opener | undefined {
  if (!node.stream || node.gathered || node.mayWin) return undefined;
  return (query, { op, params }, _live, scope) => openFlow(query, { op, params, want: 'items' }, scope);
}

/** Answers a batch frame by frame: each leaves as soon as the pattern allows. */
export async function sendFrames({ batch, root }: Running, reply: FastifyReply, format: FrameFormat): Promise<void> {
  const sequence = frames({ batch, root }, { inOrder: ['ordered'] });
  const counts = { ok: 0, error: 0, skipped: 0, cancelled: 0 };
  const began = performance.now();
  let next = sequence.next();
  await beforeDeadline(
    next.catch(() => {}),
    batch.options.deadline,
  );
  if (batch.decidedBy) {
    await sequence.return({ status: 'skipped' });
    return sendFailed(batch, reply, performance.now() - began);
  }
  reply.type(format.mediaType).header('x-accel-buffering', 'no');
  const outlet = new Outlet(reply, batch.options.limits.streamIdleMs, codingFor(reply));
  let id = 0;
  const write = (event: 'reply' | 'item' | 'end', fields: string): Promise<void> | undefined =>
    outlet.writeFrame(format.write(event, `{"event":"${event}",${fields}}`, (id += 1)));
  /** One after the other without a pause, but for those that the client has no room for. */
  const writeItems = async ({ path, index, items }: ItemsFrame): Promise<void> => {
    const place = `"path":${JSON.stringify(formatPointer(path))},"index":`;
    let at = index;
    for (const item of items) {
      const room = write('item', `${place}${at++},"value":${item}`);
      if (room) await room;
    }
  };
  const beat = (): void => {
    outlet.writeFrame(format.heartbeat?.text ?? '')?.catch(() => {});
  };
  const heart = format.heartbeat && setInterval(beat, format.heartbeat.ms);
  try {
    let whole: Reply | undefined;
    while (!outlet.gone) {
      const step = await next;
      if (step.done) {
        whole = step.value;
        break;
      }
      const frame = step.value;
      if (frame.kind === 'items') await writeItems(frame);
      else {
        count(frame, counts);
        await write('reply', oneLine(replyFrame(frame)));
      }
      next = sequence.next();
    }
    if (!whole) return;
    const { list } = whole;
    if (list) counts.cancelled += cancelledIn(list);
    const decidedBy = batch.decidedBy ?? list?.decidedBy;
    const complete = !decidedBy && list !== undefined && isComplete(list);
    const error = decidedBy
      ? `,"error":${JSON.stringify({ ...decidedBy.error.toJSON(), path: formatPointer(decidedBy.path) })}`
      : '';
    await write(
      'end',
      `"complete":${complete},"counts":${JSON.stringify(counts)},"ms":${tenths(performance.now() - began)}${error}`,
    );
    await outlet.end();
  } catch (error) {
    outlet.destroy();
    throw error;
  } finally {
    clearInterval(heart);
    batch.cancel();
  }
}

function replyFrame({ member, count }: ReplyFrame): string {
  const { path, as, reply } = member;
  const name = as === undefined ? '' : `"as":${JSON.stringify(as)},`;
  const text = new Text().add(`"path":${JSON.stringify(formatPointer(path))},${name}`);
  addReplyFields(text, reply, count === undefined ? 'replies' : 'count');
  return text.toString();
}

function count(frame: ReplyFrame, counts: { ok: number; error: number; skipped: number; cancelled: number }): void {
  if (frame.count !== undefined) return;
  const { reply } = frame.member;
  if (reply.error?.code === 'CANCELLED' && failed(reply)) counts.cancelled += 1;
  else counts[reply.status === 'partial' ? 'error' : reply.status] += 1;
}

function cancelledIn(list: MemberList): number {
  return list.members.reduce(
    (sum, { reply }) => sum + (reply.list && !reply.value ? cancelledIn(reply.list) : 0),
    list.cancelled,
  );
}

/** JSON text from a store may hold line breaks, between tokens only. */
function oneLine(json: string): string {
  return /[\r\n]/.test(json) ? json.replace(/[\r\n]+/g, ' ') : json;
}
