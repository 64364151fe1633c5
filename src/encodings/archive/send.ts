import type { FastifyReply } from 'fastify';
import { attachment } from '../../store/attachment.ts';
import { frames } from '../../batch/run/frames.ts';
import type { Plan } from '../../batch/plan/node.ts';
import { formatPointer } from '../../json/pointer.ts';
import { lacking, type Member, type Reply } from '../../batch/run/reply.ts';
import type { Running } from '../../batch/run/run.ts';
import { CodapError, toCodapError } from '../../errors.ts';
import type { Memory } from '../../budget/memory.ts';
import { isHeld } from '../../budget/turns.ts';
import { beforeDeadline, GRACE_MS, sendFailed } from '../outcome.ts';
import { Outlet } from '../outlet.ts';
import { entryOf, type Entry } from './entry.ts';
import { EntryNames, INCOMPLETE } from './names.ts';
import type { ArchiveWriter, Sink } from './writer.ts';

/** A kind of archive. */
export interface ArchiveFormat {
  readonly mediaType: string;
  readonly extension: string;
  /** Starts an archive whose bytes go to the sink; what it has to collect counts in `memory`. */
  start(sink: Sink, memory: Memory): ArchiveWriter;
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
  const sequence = frames({ batch, root }, { inOrder: ['kv', 'ordered'] });
  const pending = entries(sequence);
  const next = pending.next();
  const first = await beforeDeadline(next, batch.options.deadline + GRACE_MS);
  const late = first === 'late' && !root.begun;
  if (late) {
    batch.decide({ path: [], error: new CodapError('TIMEOUT', 'nothing to read by the deadline') });
  } else if (first !== 'late' && first.done) {
    const [nothing] = first.value.list ? lacking(first.value.list) : [];
    if (nothing?.reply.error) batch.decide({ path: nothing.path, error: nothing.reply.error });
  }
  if (late || batch.decidedBy) {
    batch.cancel();
    pending.return(undefined as never).catch(() => {});
    return sendFailed(batch, reply);
  }
  reply.type(format.mediaType).header('content-disposition', attachment(plan.filename ?? `codap.${format.extension}`));
  const outlet = new Outlet(reply, batch.options.limits.streamIdleMs);
  const writer = format.start((bytes) => {
    // Nothing is written, not even what fills up an entry, once nobody takes it for a part of the whole.
    if (outlet.gone || batch.decidedBy) throw new CodapError('CANCELLED', 'the archive is cut');
    return outlet.write(bytes);
  }, batch.memory);
  const names = new EntryNames();
  const written = new Map<string, string>();
  try {
    let step = await next;
    for (; !step.done && !outlet.gone && !batch.decidedBy; step = await pending.next()) {
      if (isHeld()) await batch.work.turn();
      const { entry, path } = step.value;
      const name = names.claim(entry.name);
      written.set(formatPointer(path), name);
      const broken = await writer.add(entry, name).catch((error: unknown) => {
        written.delete(formatPointer(path));
        return error;
      });
      if (!broken) continue;
      if (Buffer.isBuffer(entry.content)) throw broken;
      entry.content.break(toCodapError(broken));
    }
    const list = step.done ? step.value.list : undefined;
    if (!list || batch.decidedBy || list.decidedBy) return outlet.destroy();
    const errors = [...lacking(list)].map((member) => missing(member, written));
    if (errors.length > 0) {
      const content = Buffer.from(JSON.stringify({ complete: false, errors }));
      await writer.add({ name: INCOMPLETE, modified: new Date(), size: content.length, content }, INCOMPLETE);
    }
    await writer.end(errors.length > 0 ? `Incomplete: see ${INCOMPLETE}` : '');
    await outlet.end();
  } catch (error) {
    outlet.destroy();
    throw error;
  } finally {
    batch.cancel();
    pending.return(undefined as never).catch(() => {});
  }
}

/** The replies that have something to read. Returns the whole as it ended. */
async function* entries(
  sequence: ReturnType<typeof frames>,
): AsyncGenerator<{ entry: Entry; path: Member['path'] }, Reply> {
  for (;;) {
    const step = await sequence.next();
    if (step.done) return step.value;
    if (step.value.kind === 'items' || step.value.count !== undefined) continue;
    const { member } = step.value;
    const entry = entryOf(member);
    if (entry) yield { entry, path: member.path };
  }
}

/** How the last entry lists a reply that failed or was defaulted. */
function missing({ path, reply }: Member, written: ReadonlyMap<string, string>): Missing {
  const pointer = formatPointer(path);
  const entry = written.get(pointer) ?? null;
  return { path: pointer, entry, cut: entry !== null && !reply.defaulted, error: reply.error as CodapError };
}
