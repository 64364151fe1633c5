import type { QueryNode } from '../batch/plan/node.ts';
import type { Answer } from '../batch/run/answer.ts';
import type { Frame } from '../batch/run/frames.ts';
import { failed, isComplete, tenths, type MemberList, type Reply } from '../batch/run/reply.ts';
import { formatPointer } from '../json/pointer.ts';
import { Text } from '../json/text.ts';
import type { Encoding, Heartbeat } from './encoding.ts';
import { addReplyFields } from './json.ts';
import { addBatchTrace, addTrace } from './trace-text.ts';

/** Characters of items that leave as one piece. */
const TOGETHER = 16_384;

/** How a media type writes frames. */
export interface FrameFormat extends Pick<Encoding, 'mediaType' | 'extension'> {
  /** One frame, given its event's name and its JSON on a line of its own. */
  write(event: 'reply' | 'item' | 'end', json: string, id: number): string;
  readonly heartbeat?: Heartbeat;
}

type ReplyFrame = Extract<Frame, { kind: 'reply' }>;
type ItemsFrame = Extract<Frame, { kind: 'items' }>;
type Replies = ReturnType<Answer['replies']>;
interface Counts {
  ok: number;
  error: number;
  skipped: number;
  cancelled: number;
}

/** An encoding that answers frame by frame: each leaves as soon as the pattern allows. */
export function frameEncoding(format: FrameFormat): Encoding {
  return {
    mediaType: format.mediaType,
    extension: format.extension,
    showsReplies: true,
    wants: itemsOrValue,
    async encode(answer) {
      const replies = answer.replies({ inOrder: ['ordered'] });
      const first = replies.next();
      await answer.byDeadline(first.catch(() => {}));
      if (answer.decidedBy) {
        replies.return({ status: 'skipped' }).catch(() => {});
        return undefined;
      }
      const { heartbeat } = format;
      return {
        headers: { 'content-type': format.mediaType, 'x-accel-buffering': 'no' },
        body: {
          kind: 'frames',
          pieces: pieces(replies, first, answer, format),
          ...(heartbeat && { heartbeat }),
        },
      };
    },
  };
}

/** Queries that asked for it are taken item by item. */
function itemsOrValue(node: QueryNode): 'items' | 'value' {
  return node.stream && !node.gathered && !node.mayWin ? 'items' : 'value';
}

/** The frames, then the last one, which tells how the batch ended. */
async function* pieces(
  replies: Replies,
  first: ReturnType<Replies['next']>,
  answer: Answer,
  format: FrameFormat,
): AsyncGenerator<string> {
  const counts: Counts = { ok: 0, error: 0, skipped: 0, cancelled: 0 };
  let id = 0;
  const write = (event: 'reply' | 'item' | 'end', fields: string): string =>
    format.write(event, `{"event":"${event}",${fields}}`, (id += 1));
  try {
    let step = await first;
    for (; !step.done; step = await replies.next()) {
      const frame = step.value;
      if (frame.kind === 'items') yield* itemPieces(frame, write);
      else {
        count(frame, counts);
        yield write('reply', oneLine(replyFrame(frame)));
      }
    }
    yield write('end', endFields(step.value, answer, counts, performance.now() - answer.started));
  } finally {
    replies.return({ status: 'skipped' }).catch(() => {});
  }
}

function* itemPieces(
  { path, index, items }: ItemsFrame,
  write: (event: 'item', fields: string) => string,
): Generator<string> {
  const place = `"path":${JSON.stringify(formatPointer(path))},"index":`;
  let at = index;
  let piece = '';
  for (const item of items) {
    piece += write('item', `${place}${at++},"value":${item}`);
    if (piece.length < TOGETHER) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

function endFields({ list }: Reply, answer: Answer, counts: Counts, ms: number): string {
  if (list) counts.cancelled += cancelledIn(list);
  const decidedBy = answer.decidedBy ?? list?.decidedBy;
  const complete = !decidedBy && list !== undefined && isComplete(list);
  const error = decidedBy
    ? `,"error":${JSON.stringify({ ...decidedBy.error.toJSON(), path: formatPointer(decidedBy.path) })}`
    : '';
  const text = new Text().add(`"complete":${complete},"counts":${JSON.stringify(counts)},"ms":${tenths(ms)}${error}`);
  addBatchTrace(text, answer.traced, list);
  return text.toString();
}

function replyFrame({ member, count, isLast }: ReplyFrame): string {
  const { path, as, reply } = member;
  const name = as === undefined ? '' : `"as":${JSON.stringify(as)},`;
  const text = new Text().add(`"path":${JSON.stringify(formatPointer(path))},${name}`);
  addReplyFields(text, reply, count === undefined ? 'replies' : 'count');
  addTrace(text, member, isLast);
  return text.toString();
}

function count(frame: ReplyFrame, counts: Counts): void {
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
