import type { Node } from '../batch/plan/node.ts';
import type { Answer } from '../batch/run/answer.ts';
import { GRACE_MS } from '../batch/run/grace.ts';
import { failed, isComplete, valueOf, type Reply } from '../batch/run/reply.ts';
import { endingBy } from '../budget/work.ts';
import { CodapError, deadlinePassed } from '../errors.ts';
import { Text } from '../json/text.ts';
import { attachment } from '../store/attachment.ts';
import { NotAcceptable, type Encoding } from './encoding.ts';
import { hasOneReply, oneReply } from './one-reply.ts';
import { summaryHeaders } from './summary.ts';
import { NoTable, tableText } from './table.ts';

const REFUSAL = 'text/csv is for a batch whose one reply is a list of objects';

/** A list of objects as a table, where that is the one reply. */
export const csv: Encoding = {
  mediaType: 'text/csv',
  extension: 'csv',
  form: 'text',
  refuses: ({ root }) => (hasOneReply(root, mayBeList) ? undefined : REFUSAL),
  wants: () => 'value',
  async encode(answer, plan) {
    const { list, ms } = await answer.whole;
    if (answer.decidedBy || !list) return undefined;
    const only = oneReply(list);
    try {
      const text = await tableOf(only?.reply, answer);
      return {
        headers: {
          ...summaryHeaders(answer, isComplete(list), ms),
          'content-disposition': attachment(plan.filename ?? 'codap.csv'),
          'content-type': 'text/csv; charset=utf-8',
        },
        body: { kind: 'text', text },
      };
    } catch (error) {
      if (error instanceof NoTable) throw new NotAcceptable(`${REFUSAL}: ${error.message}`);
      if (!(error instanceof CodapError)) throw error;
      answer.fail({ path: only?.path ?? [], error });
      return undefined;
    }
  },
};

/** The table of the one reply: empty where it was left out by choice. Throws NoTable, or its failure. */
async function tableOf(reply: Reply | undefined, { work, memory, mostBytes, deadline }: Answer): Promise<Text> {
  if (reply && failed(reply)) throw reply.error;
  const value = reply?.value;
  if (!reply || !value) return new Text();
  const steps = tableText(await work.do(valueOf(reply, work)), {
    mode: value.mode,
    bytes: mostBytes,
    hold: (bytes) => memory.hold(bytes),
    tooLarge: () => new CodapError('TOO_LARGE', `the answer would exceed ${mostBytes} bytes`),
  });
  return work.do(endingBy(steps, deadline + GRACE_MS.table, deadlinePassed));
}

/** Whether a query or group, as planned, may answer a list as its value, not a list of replies. */
function mayBeList(node: Node): boolean {
  if (node.forEach) return false;
  if (node.select !== undefined) return node.select.kind !== 'object';
  // A nested race may also be won by who is hidden.
  if (node.kind === 'group') return node.take === 1 && node.members.every(mayBeList);
  return !node.source.isSingle(node.op);
}
