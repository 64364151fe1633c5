import { isComplete } from '../batch/run/reply.ts';
import type { Encoding } from './encoding.ts';
import { sendText } from './send-text.ts';
import { answerText } from './json.ts';
import { sendFailed, summaryHeaders } from './outcome.ts';

/** The whole answer at once, when the last reply is there. */
export const json: Encoding = {
  mediaType: 'application/json',
  wants: () => 'value',
  async send({ batch, root }, plan, reply) {
    const { list, ms } = await root.reply;
    if (batch.decidedBy || !list) return sendFailed(batch, reply, ms);
    const complete = isComplete(list);
    const text = answerText(list, complete, plan.shape);
    reply.headers(summaryHeaders(batch, complete, ms));
    await sendText(reply.type('application/json; charset=utf-8'), text, {
      idleMs: batch.options.limits.streamIdleMs,
      work: batch.work,
    });
  },
};
