import { isComplete } from '../batch/run/reply.ts';
import type { Encoding } from './encoding.ts';
import { answerText } from './reply-text.ts';
import { summaryHeaders } from './summary.ts';

/** The whole answer at once, when the last reply is there. */
export const json: Encoding = {
  mediaType: 'application/json',
  extension: 'json',
  form: 'json',
  showsReplies: true,
  wants: () => 'value',
  async encode(answer, plan) {
    const { list, ms } = await answer.whole;
    if (answer.decidedBy || !list) return undefined;
    const complete = isComplete(list);
    const adding = answer.work.do(answerText(list, complete, plan.shape, answer.traced));
    const text = adding instanceof Promise ? await adding : adding;
    return {
      headers: { ...summaryHeaders(answer, complete, ms), 'content-type': 'application/json; charset=utf-8' },
      body: { kind: 'text', text },
    };
  },
};
