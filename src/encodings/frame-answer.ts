import type { QueryNode } from '../batch/plan/node.ts';
import type { Answer } from '../batch/run/answer.ts';
import type { Frame } from '../batch/run/frames.ts';
import { GRACE_MS } from '../batch/run/grace.ts';
import { failed, isComplete, shown, type MemberList, type Reply } from '../batch/run/reply.ts';
import { atOnce } from '../budget/work.ts';
import { tenths } from '../ground/tenths.ts';
import { formatPointer } from '../json/pointer.ts';
import { Text, type Piece } from '../json/text.ts';
import type { Encoding, Frames, Heartbeat } from './encoding.ts';
import { addReplyFields, addWithReplies, nameField } from './reply-text.ts';
import { addBatchTrace, addTrace } from './trace-text.ts';

/** Characters of items that leave as one piece. */
const TOGETHER = 16_384;
/** Characters, or bytes, beyond which a frame leaves in slices, in turns with others: at most a slice's. */
const LARGE = 65_536;

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;

/** What a frame tells of. */
type Event = 'reply' | 'item' | 'end';

/** How a media type writes frames. */
export interface FrameFormat extends Pick<Encoding, 'mediaType' | 'extension' | 'form'> {
  /** What stands before the line of a frame's JSON, and after it. */
  before(event: Event, id: number): string;
  readonly after: string;
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
    form: format.form,
    showsReplies: true,
    wants: itemsOrValue,
    fewOpen: true,
    async encode(answer) {
      const replies = answer.replies({ inOrder: ['ordered'] });
      const first = replies.next();
      await answer.byDeadline(
        first.catch(() => {}),
        GRACE_MS.beginning,
      );
      if (answer.decidedBy) {
        replies.return({ status: 'skipped' }).catch(() => {});
        return undefined;
      }
      const { heartbeat } = format;
      return {
        headers: { 'content-type': format.mediaType, 'x-accel-buffering': 'no' },
        body: {
          kind: 'frames',
          frames: framesFrom(replies, first, answer, format),
          ...(heartbeat && { heartbeat }),
        },
      };
    },
  };
}

/** Queries that asked for it are taken item by item. */
function itemsOrValue(node: QueryNode): 'items' | 'value' {
  return node.stream && !node.gathered && !node.toldWhole ? 'items' : 'value';
}

/** The frames, then the last one, which tells how the batch ended. */
async function* framesFrom(
  replies: Replies,
  first: ReturnType<Replies['next']>,
  answer: Answer,
  format: FrameFormat,
): AsyncGenerator<Frames> {
  const counts: Counts = { ok: 0, error: 0, skipped: 0, cancelled: 0 };
  let id = 0;
  const open = (event: Event): string => `${format.before(event, (id += 1))}{"event":"${event}",`;
  const close = `}${format.after}`;
  try {
    let step = await first;
    for (; !step.done; step = await replies.next()) {
      const frame = step.value;
      if (frame.kind === 'items') yield* itemFrames(frame, open, close);
      else {
        count(frame, counts);
        yield framed(addReply(new Text().add(open('reply')), frame).add(close));
      }
    }
    const end = addEnd(new Text().add(open('end')), step.value, answer, counts);
    yield framed(end.add(close));
  } finally {
    replies.return({ status: 'skipped' }).catch(() => {});
  }
}

function* itemFrames(
  { path, index, items }: ItemsFrame,
  open: (event: 'item') => string,
  close: string,
): Generator<Frames> {
  const place = `"path":${JSON.stringify(formatPointer(path))},"index":`;
  let at = index;
  let piece = '';
  for (const item of items) {
    const before = `${open('item')}${place}${at++},"value":`;
    if (item.length > LARGE) {
      if (piece !== '') yield piece;
      piece = '';
      yield new Text().add(before).add(item).add(close).slices();
      continue;
    }
    piece += before + item + close;
    if (piece.length < TOGETHER) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

function addEnd(text: Text, { list }: Reply, answer: Answer, counts: Counts): Text {
  if (list) counts.cancelled += cancelledIn(list);
  const decidedBy = answer.decidedBy ?? list?.decidedBy;
  const complete = !decidedBy && list !== undefined && isComplete(list);
  const error = decidedBy
    ? `,"error":${JSON.stringify({ ...decidedBy.error.toJSON(), path: formatPointer(decidedBy.path) })}`
    : '';
  const ms = performance.now() - answer.started;
  text.add(`"complete":${complete},"counts":${JSON.stringify(counts)},"ms":${tenths(ms)}${error}`);
  addBatchTrace(text, answer.traced, list);
  return text;
}

function addReply(text: Text, { member, count, isLast }: ReplyFrame): Text {
  const { path, reply } = member;
  text.add(`"path":${JSON.stringify(formatPointer(path))},${nameField(member)}`);
  const { list, value } = reply;
  if (count === undefined && list && !value) atOnce(addWithReplies(text, reply, list));
  else addReplyFields(text, reply, count);
  addTrace(text, member, isLast);
  return text;
}

function count(frame: ReplyFrame, counts: Counts): void {
  if (frame.count !== undefined) return;
  const { reply } = frame.member;
  if (reply.error?.code === 'CANCELLED' && failed(reply)) counts.cancelled += 1;
  else counts[reply.status === 'partial' ? 'error' : reply.status] += 1;
}

function cancelledIn(list: MemberList): number {
  return shown(list.members).reduce(
    (sum, { reply }) => sum + (reply.list && !reply.value ? cancelledIn(reply.list) : 0),
    list.cancelled,
  );
}

/** A frame that was written, in slices if it is large. */
function framed(text: Text): Frames {
  const slices = unbroken(text);
  return text.length > LARGE ? slices : [...slices].join('');
}

/** Its slices. JSON that came in UTF-8 from a store may hold line breaks, between tokens only: spaces now. */
function* unbroken(text: Text): Generator<Piece> {
  for (const slice of text.slices()) yield typeof slice === 'string' ? slice : spaced(slice);
}

/** Others may hold the same bytes, so that they stay as they are. */
function spaced(bytes: Buffer): Buffer {
  if (!bytes.includes(LF) && !bytes.includes(CR)) return bytes;
  const line = Buffer.from(bytes);
  for (let at = 0; at < line.length; at++) if (line[at] === LF || line[at] === CR) line[at] = SPACE;
  return line;
}
