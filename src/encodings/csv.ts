import { create as contentDisposition } from 'content-disposition';
import { failed, isComplete, valueOf } from '../batch/run/reply.ts';
import { CodapError } from '../errors.ts';
import type { Node } from '../batch/plan/node.ts';
import { sendProblem } from '../service/http/problem.ts';
import type { Encoding } from './encoding.ts';
import { hasOneReply, oneReply } from './one-reply.ts';
import { sendFailed, summaryHeaders } from './outcome.ts';
import { sendText } from './send-text.ts';
import { NoTable, tableText } from './table.ts';

/** How long after the batch's deadline a table may still be written, in milliseconds. */
const GRACE_MS = 30;

const REFUSAL = 'text/csv is for a batch whose one reply is a list of objects';

/** A list of objects as a table, where that is the one reply. */
export const csv: Encoding = {
  mediaType: 'text/csv',
  refuses: ({ root }) => (hasOneReply(root, mayBeList) ? undefined : REFUSAL),
  wants: () => 'value',
  async send({ batch, root }, plan, reply) {
    const { list, ms } = await root.reply;
    if (batch.decidedBy) return sendFailed(batch, reply, ms);
    if (!list) return;
    const only = oneReply(list);
    const { deadline, limits } = batch.options;
    try {
      if (only && failed(only.reply)) throw only.reply.error;
      const value = only?.reply.value;
      if (!value) throw new CodapError('NOT_FOUND', 'there is no list to answer');
      const rows = await batch.work.do(valueOf(only.reply, batch.work));
      const text = await tableText(rows, {
        mode: value.mode,
        bytes: limits.answerBytes,
        hold: (bytes) => batch.takeBytes(bytes),
        async turn() {
          await batch.work.turn();
          if (batch.ended.aborted) throw batch.ended.reason;
          if (performance.now() > deadline + GRACE_MS) throw new CodapError('TIMEOUT', "the batch's deadline passed");
        },
        tooLarge: () => new CodapError('TOO_LARGE', `the answer would exceed ${limits.answerBytes} bytes`),
      });
      reply
        .headers(summaryHeaders(batch, isComplete(list), ms))
        .header('content-disposition', contentDisposition(plan.filename ?? 'codap.csv'))
        .type('text/csv; charset=utf-8');
      await sendText(reply, text, { idleMs: limits.streamIdleMs, work: batch.work });
    } catch (error) {
      if (error instanceof NoTable) {
        const detail = `${REFUSAL}: ${error.message}`;
        return sendProblem(reply, { status: 406, title: 'Not Acceptable', detail });
      }
      if (!(error instanceof CodapError)) throw error;
      batch.decidedBy ??= { path: only?.path ?? [], error };
      sendFailed(batch, reply, ms);
    }
  },
};

/** Whether a query or group, as planned, may answer a list as its value, not a list of replies. */
function mayBeList(node: Node): boolean {
  if (node.forEach) return false;
  if (node.select !== undefined) return node.select.kind !== 'object';
  if (node.kind === 'group') return node.take === 1 && hasOneReply(node, mayBeList);
  return !node.source.isSingle(node.op);
}
