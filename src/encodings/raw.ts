import { attachment } from '../store/attachment.ts';
import { isOpaque, type Node } from '../batch/plan/node.ts';
import { isComplete, type Member } from '../batch/run/reply.ts';
import { CodapError, toCodapError } from '../errors.ts';
import type { Body } from '../store/payload.ts';
import { bodyOrValue } from './archive/entry.ts';
import type { Encoding } from './encoding.ts';
import { hasOneReply, oneReply } from './one-reply.ts';
import { beforeDeadline, GRACE_MS, sendFailed, summaryHeaders } from './outcome.ts';
import { Outlet } from './outlet.ts';

/** A store's body as it is stored, where that is the one reply. */
export const raw: Encoding = {
  mediaType: 'application/octet-stream',
  refuses: ({ root }) =>
    hasOneReply(root, isBody) ? undefined : "application/octet-stream is for a batch whose one reply is a store's body",
  wants: bodyOrValue,
  async send({ batch, root }, plan, reply) {
    const first = await beforeDeadline(root.reply, batch.options.deadline + GRACE_MS);
    // With a first byte of the body by then, it only waits for what stands beside it.
    const whole = first !== 'late' ? first : root.begun ? await root.reply : undefined;
    const body = whole && bodyMember({ path: [], reply: whole });
    const opened = body?.reply.opened;
    if (!whole) batch.decide({ path: [], error: new CodapError('TIMEOUT', 'nothing to read by the deadline') });
    else if (!opened) {
      const error = body?.reply.error ?? whole.error ?? new CodapError('NOT_FOUND', 'there is no body to answer');
      batch.decide({ path: body?.path ?? [], error });
    }
    if (!whole || batch.decidedBy || !opened) {
      batch.cancel();
      return sendFailed(batch, reply, whole?.ms);
    }
    const { meta } = opened.payload as Body;
    reply.code(meta.status === 206 || meta.status === 304 ? meta.status : 200);
    reply.headers({
      ...summaryHeaders(batch, !whole.list || isComplete(whole.list), whole.ms),
      'content-type': meta.contentType ?? 'application/octet-stream',
      'x-content-type-options': 'nosniff',
      'content-security-policy': 'sandbox',
      'content-disposition': attachment(plan.filename),
      ...(meta.etag !== undefined && { etag: meta.etag }),
      ...(meta.lastModified !== undefined && { 'last-modified': new Date(meta.lastModified).toUTCString() }),
      ...(meta.contentRange !== undefined && { 'content-range': meta.contentRange }),
      ...(meta.length !== undefined && { 'content-length': meta.length }),
    });
    const outlet = new Outlet(reply, batch.options.limits.streamIdleMs);
    try {
      for (;;) {
        const step = await opened.next();
        if (step.done || outlet.gone) break;
        await outlet.write(step.value as Buffer);
      }
      await outlet.end();
    } catch (error) {
      batch.note({ path: body.path, error: toCodapError(error) });
      outlet.destroy();
    } finally {
      opened.close();
      batch.cancel();
    }
  },
};

function isBody(node: Node): boolean {
  if (node.forEach) return false;
  if (node.kind === 'group') return node.take === 1 && node.select === undefined && hasOneReply(node, isBody);
  return node.streams === 'body' && !node.gathered && !isOpaque(node);
}

/** The one reply that is a body, or failed to be. */
function bodyMember(member: Pick<Member, 'path' | 'reply'>): Pick<Member, 'path' | 'reply'> | undefined {
  const { list } = member.reply;
  const found = list && oneReply(list);
  return list ? found && bodyMember(found) : member;
}
