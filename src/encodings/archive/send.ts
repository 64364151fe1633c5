import { create as contentDisposition } from 'content-disposition';
import type { FastifyReply } from 'fastify';
import { frames } from '../../batch/frames.ts';
import type { Plan } from '../../batch/node.ts';
import { formatPointer } from '../../batch/pointer.ts';
import { failed, isComplete, type Member, type Reply } from '../../batch/reply.ts';
import type { Running } from '../../batch/run.ts';
import { CodapError, toCodapError } from '../../errors.ts';
import { sendFailed } from '../outcome.ts';
import { Outlet } from '../outlet.ts';
import { entryOf, type Entry } from './entry.ts';
import { EntryNames, INCOMPLETE } from './names.ts';
import type { ArchiveWriter, Sink } from './writer.ts';

/** A kind of archive. */
export interface ArchiveFormat {
  readonly mediaType: string;
  readonly extension: string;
  /** Starts an archive whose bytes go to the sink. */
  start(sink: Sink): ArchiveWriter;
}

interface Missing {
  readonly path: string;
  /** The name of the entry that is there all the same: defaulted, or cut. */
  readonly entry: string | null;
  readonly cut: boolean;
  readonly error: CodapError;
}

/** Answers a batch as an archive, an entry per reply, written while they arrive. */
export async function sendArchive(
  { batch, root }: Running,
  plan: Plan,
  reply: FastifyReply,
  format: ArchiveFormat,
): Promise<void> {
  const sequence = frames(root, { inOrder: ['kv', 'ordered'] });
  const missing: Missing[] = [];
  const pending = entries(sequence, missing);
  const first = await beforeDeadline(pending.next(), batch.options.deadline);
  if (first === 'late') {
    batch.decide({ path: [], error: new CodapError('TIMEOUT', 'nothing to read by the deadline') });
  } else if (first.done && missing.length > 0) {
    const [{ path, error }] = missing as [Missing];
    batch.decide({ path: path.split('/').slice(1), error });
  }
  if (first === 'late' || batch.decidedBy) {
    batch.cancel();
    pending.return(undefined as never).catch(() => {});
    return sendFailed(batch, reply);
  }
  reply
    .type(format.mediaType)
    .header('content-disposition', contentDisposition(plan.filename ?? `codap.${format.extension}`));
  const outlet = new Outlet(reply, batch.options.limits.streamIdleMs);
  const writer = format.start((bytes) => {
    // Nothing is written, not even what fills up an entry, once nobody takes it for a part of the whole.
    if (outlet.gone || batch.decidedBy) throw new CodapError('CANCELLED', 'the archive is cut');
    return outlet.write(bytes);
  });
  const names = new EntryNames();
  try {
    let step = first;
    while (!step.done && !outlet.gone && !batch.decidedBy) {
      const { entry, member } = step.value;
      const name = names.claim(entry.name);
      const broken = await writer.add(entry, name).catch((error: unknown) => error);
      const path = formatPointer(member.path);
      if (broken) {
        const error = toCodapError(broken);
        missing.push({ path, entry: name, cut: true, error });
        if (batch.options.failFast || (member.node.required && member.path.length === 1))
          batch.decide({ path: member.path, error });
      } else if (member.reply.defaulted && member.reply.error)
        missing.push({ path, entry: name, cut: false, error: member.reply.error });
      step = await pending.next();
    }
    if (batch.decidedBy || !step.done) return outlet.destroy();
    const complete =
      missing.length === 0 && isComplete(step.value.list ? { status: 'ok', list: step.value.list } : step.value);
    if (missing.length > 0) {
      const content = Buffer.from(JSON.stringify({ complete: false, errors: missing }));
      await writer.add({ name: INCOMPLETE, modified: new Date(), size: content.length, content }, INCOMPLETE);
    }
    await writer.end(complete ? '' : `Incomplete: see ${INCOMPLETE}`);
    await outlet.end();
  } catch (error) {
    outlet.destroy();
    throw error;
  } finally {
    batch.cancel();
    pending.return(undefined as never).catch(() => {});
  }
}

/** The replies that have something to read; what failed without is noted. Returns the whole as it ended. */
async function* entries(
  sequence: ReturnType<typeof frames>,
  missing: Missing[],
): AsyncGenerator<{ entry: Entry; member: Member }, Reply> {
  for (;;) {
    const step = await sequence.next();
    if (step.done) return step.value;
    if (step.value.kind === 'item' || step.value.count !== undefined) continue;
    const { member } = step.value;
    const { reply, path } = member;
    if (failed(reply) && reply.error)
      missing.push({ path: formatPointer(path), entry: null, cut: false, error: reply.error });
    const entry = entryOf(member);
    if (entry) yield { entry, member };
  }
}

function beforeDeadline<T>(promise: Promise<T>, instant: number): Promise<T | 'late'> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve('late'), Math.max(0, instant - performance.now()));
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
