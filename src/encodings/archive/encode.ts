import { attachment } from '../../store/attachment.ts';
import type { Answer } from '../../batch/run/answer.ts';
import { firstFailure, lacking, type Member, type Reply } from '../../batch/run/reply.ts';
import type { Memory } from '../../budget/memory.ts';
import { isLoopHeld } from '../../budget/turns.ts';
import { type CodapError, notNeeded, toCodapError } from '../../errors.ts';
import { formatPointer } from '../../json/pointer.ts';
import type { Encoding } from '../encoding.ts';
import { bodyOrValue, entryOf, type Entry } from './entry.ts';
import { begun, isEmpty, isFolderName } from './folder.ts';
import { EntryNames, INCOMPLETE } from './names.ts';
import { piped } from './piped.ts';
import type { ArchiveWriter, Sink } from './writer.ts';

/** A kind of archive. */
export interface ArchiveFormat extends Pick<Encoding, 'mediaType' | 'extension'> {
  /** Starts an archive whose bytes go to the sink; what it has to collect counts in `memory`. */
  start(sink: Sink, memory: Memory): ArchiveWriter;
}

type Entries = ReturnType<typeof entriesOf>;

interface Missing {
  readonly path: string;
  /** The name of the entry that is there all the same: defaulted, or cut. */
  readonly entry: string | null;
  readonly cut: boolean;
  readonly error: CodapError;
}

/** An encoding that answers an archive, an entry per reply, written while they arrive. */
export function archiveEncoding(format: ArchiveFormat): Encoding {
  const { mediaType, extension } = format;
  return {
    mediaType,
    extension,
    form: 'archive',
    wants: bodyOrValue,
    fewOpen: true,
    async encode(answer, plan) {
      const entries = entriesOf(answer.replies({ inOrder: ['kv', 'ordered'] }));
      const next = entries.next();
      const first = await answer.begins(next);
      if (first?.done) {
        const failure = first.value.list && firstFailure(first.value.list);
        if (failure) answer.fail(failure);
      }
      if (answer.decidedBy) {
        entries.return(undefined as never).catch(() => {});
        return undefined;
      }
      const disposition = attachment(plan.filename ?? `codap.${extension}`);
      const write = async (sink: Sink): Promise<void> => {
        try {
          await writeArchive(format.start(sink, answer.memory), entries, next, answer);
        } finally {
          entries.return(undefined as never).catch(() => {});
        }
      };
      return {
        headers: { 'content-type': mediaType, 'content-disposition': disposition },
        // Once the archive is cut nothing more is written, not even the zeros that fill up an entry.
        body: { kind: 'bytes', pieces: piped(write, () => answer.isCut) },
      };
    },
  };
}

/** Writes an entry per reply, then, where some failed, the last one, which lists them. */
async function writeArchive(
  writer: ArchiveWriter,
  entries: Entries,
  next: ReturnType<Entries['next']>,
  answer: Answer,
): Promise<void> {
  const names = new EntryNames();
  const written = new Map<string, string>();
  let step = await next;
  for (; !step.done && !answer.isCut; step = await entries.next()) {
    if (isLoopHeld()) await answer.work.turn();
    const { entry, path } = step.value;
    const pointer = formatPointer(path);
    const note = (name: string): unknown => written.set(pointer, name);
    const broken = await writeEntry(writer, entry, names, note).catch((error: unknown) => {
      written.delete(pointer);
      return error;
    });
    if (!broken) continue;
    if (Buffer.isBuffer(entry.content)) throw broken;
    entry.content.break(toCodapError(broken));
  }
  const list = step.done ? step.value.list : undefined;
  if (!list || answer.isCut || list.decidedBy) throw notNeeded();
  const errors = [...lacking(list)].map((member) => missing(member, written));
  if (errors.length > 0) {
    const content = Buffer.from(JSON.stringify({ complete: false, errors }));
    await writer.add({ name: INCOMPLETE, modified: new Date(), size: content.length, content }, INCOMPLETE);
  }
  await writer.end(errors.length > 0 ? `Incomplete: see ${INCOMPLETE}` : '');
}

/** Writes an entry by the name that it gets, which `note` hears before. Answers what broke its content. */
async function writeEntry(
  writer: ArchiveWriter,
  wanted: Entry,
  names: EntryNames,
  note: (name: string) => void,
): Promise<unknown> {
  const isFolder = isFolderName(wanted.name);
  const entry = isFolder ? await begun(wanted) : wanted;
  const name = isFolder && isEmpty(entry) ? names.claimFolder(wanted.name) : names.claim(wanted.name);
  if (name === undefined) return undefined;
  note(name);
  return writer.add(entry, name);
}

/** The replies that have something to read. Returns the whole as it ended. */
async function* entriesOf(
  replies: ReturnType<Answer['replies']>,
): AsyncGenerator<{ entry: Entry; path: Member['path'] }, Reply> {
  for (;;) {
    const step = await replies.next();
    if (step.done) return step.value;
    if (step.value.kind === 'items' || step.value.count !== undefined) continue;
    const { member } = step.value;
    const entry = entryOf(member);
    if (entry) yield { entry, path: member.path };
    else member.reply.flow?.close();
  }
}

/** How the last entry lists a reply that failed or was defaulted. */
function missing({ path, reply }: Member, written: ReadonlyMap<string, string>): Missing {
  const pointer = formatPointer(path);
  const entry = written.get(pointer) ?? null;
  return { path: pointer, entry, cut: entry !== null && !reply.defaulted, error: reply.error as CodapError };
}
