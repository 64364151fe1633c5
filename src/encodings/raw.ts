import { attachment } from '../store/attachment.ts';
import { isOpaque, type GroupNode, type Node } from '../batch/plan/node.ts';
import type { Answer } from '../batch/run/answer.ts';
import type { Flow } from '../batch/run/flow.ts';
import { isComplete, type Member } from '../batch/run/reply.ts';
import { notNeeded, toCodapError } from '../errors.ts';
import type { Body } from '../store/payload.ts';
import { bodyOrValue } from './archive/entry.ts';
import { chunksOf } from './archive/writer.ts';
import type { Encoding } from './encoding.ts';
import { hasOneReply, oneReply } from './one-reply.ts';
import { summaryHeaders } from './summary.ts';

/** What is left out by choice is answered as what a store has no content for. */
const LEFT_OUT: Body['meta'] = { status: 204 };

/** A store's body as it is stored, where that is the one reply. */
export const raw: Encoding = {
  mediaType: 'application/octet-stream',
  extension: 'bin',
  form: 'stored',
  refuses: ({ root }) =>
    hasOneReply(root, isBody) ? undefined : "application/octet-stream is for a batch whose one reply is a store's body",
  wants: bodyOrValue,
  async encode(answer, plan) {
    const first = await answer.begins(answer.whole);
    if (answer.decidedBy) return undefined;
    // Once the first byte of the body is there, it waits only for the members beside it.
    const whole = first ?? (await answer.whole);
    const only = whole.list ? oneReply(whole.list) : { path: [], reply: whole };
    const { flow, error, list } = only?.reply ?? {};
    if (only && error) answer.fail(list?.decidedBy ?? { path: only.path, error });
    if (answer.decidedBy) return undefined;
    const meta = flow ? (flow.payload as Body).meta : LEFT_OUT;
    const length = meta.status === 204 ? 0 : meta.length;
    return {
      status: meta.status === 206 || meta.status === 304 ? meta.status : 200,
      headers: {
        ...summaryHeaders(answer, !whole.list || isComplete(whole.list), whole.ms),
        'content-type': meta.contentType ?? 'application/octet-stream',
        'x-content-type-options': 'nosniff',
        'content-security-policy': 'sandbox',
        'content-disposition': attachment(plan.filename),
        ...(meta.etag !== undefined && { etag: meta.etag }),
        ...(meta.lastModified !== undefined && { 'last-modified': new Date(meta.lastModified).toUTCString() }),
        ...(meta.contentRange !== undefined && { 'content-range': meta.contentRange }),
        ...(length !== undefined && { 'content-length': length }),
      },
      body: { kind: 'bytes', pieces: pieces(flow as Flow<Buffer> | undefined, only?.path ?? [], answer) },
    };
  },
};

/**
 * Whether whoever asks for the same again is answered the same object, if perhaps another version of it: no
 * race decides which, nor another reply.
 */
export function isOfOneObject({ members }: GroupNode): boolean {
  const [only, another] = members.filter((member) => !member.hidden);
  if (only?.kind !== 'query' || another) return false;
  return only.referencesToRun.every(({ plain }) => plain.every(({ target }) => target?.from !== 'result'));
}

/** The bytes of the body; what breaks it fails the batch. */
async function* pieces(flow: Flow<Buffer> | undefined, path: Member['path'], answer: Answer): AsyncGenerator<Buffer> {
  try {
    if (flow) yield* chunksOf(flow);
  } catch (error) {
    const failure = { path, error: toCodapError(error) };
    answer.note(failure);
    answer.fail(failure);
    throw notNeeded(error);
  }
}

function isBody(node: Node): boolean {
  if (node.forEach) return false;
  // A nested race may also be won by who is hidden.
  if (node.kind === 'group') return node.take === 1 && node.select === undefined && node.members.every(isBody);
  return node.streams === 'body' && !node.gathered && !isOpaque(node);
}
