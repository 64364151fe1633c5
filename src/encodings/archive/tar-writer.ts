import { pack, type Header, type Pack } from 'tar-stream';
import { CodapError } from '../../errors.ts';
import type { Memory } from '../../budget/memory.ts';
import type { Entry, EntryBody } from './entry.ts';
import { chunksOf, writeTo, type ArchiveWriter, type Sink } from './writer.ts';

/**
 * A body whose size is not known in advance is collected up to this many bytes, since a tar's header names
 * it.
 */
const COLLECTED = 8 * 1024 * 1024;
const FILE = { type: 'file', mode: 0o644 } as const;
const FOLDER = { type: 'directory', mode: 0o755 } as const;
const ZEROS = Buffer.alloc(64 * 1024);

/** A tar (POSIX.1-2001 pax where a name or a size needs it). */
export class TarWriter implements ArchiveWriter {
  readonly #pack: Pack = pack();
  readonly #sent: Promise<void>;
  readonly #memory: Memory;

  constructor(sink: Sink, memory: Memory) {
    this.#memory = memory;
    this.#sent = (async () => {
      for await (const chunk of this.#pack) await sink(chunk as Uint8Array);
    })();
    this.#sent.catch(() => {});
  }

  async add(entry: Entry, name: string): Promise<unknown> {
    const held = this.#memory.part();
    try {
      return await this.#add(entry, name, held);
    } finally {
      held.close();
    }
  }

  async #add(entry: Entry, name: string, held: Memory): Promise<unknown> {
    const isSized = Buffer.isBuffer(entry.content) || entry.size !== undefined;
    const content = isSized ? entry.content : await collected(entry.content, held);
    const size = Buffer.isBuffer(content) ? content.length : (entry.size as number);
    const kind = name.endsWith('/') ? FOLDER : FILE;
    const header = { name, size, ...kind, ...timeOf(entry.modified) };
    if (Buffer.isBuffer(content)) {
      await new Promise<void>((resolve, reject) =>
        this.#pack.entry(header, content, (error) => (error ? reject(error) : resolve())),
      );
      return undefined;
    }
    return this.#stream(header, content, size);
  }

  async end(_comment: string): Promise<void> {
    this.#pack.finalize();
    await this.#sent;
  }

  /**
   * Exactly as many bytes as the header says: what ends too early is filled with zeros, what goes on is cut.
   */
  async #stream(header: Partial<Header> & { name: string }, body: EntryBody, size: number): Promise<unknown> {
    const closed = Promise.withResolvers<undefined>();
    const entry = this.#pack.entry(header, (error) => (error ? closed.reject(error) : closed.resolve(undefined)));
    closed.promise.catch(() => {});
    const write = (chunk: Uint8Array): Promise<void> | undefined => writeTo(entry, chunk);
    let left = size;
    let broken: unknown;
    try {
      for await (const chunk of chunksOf(body)) {
        if (chunk.length > left) {
          broken = new CodapError('BAD_RESPONSE', 'the body is longer than the store said');
          await write(chunk.subarray(0, left));
          left = 0;
          break;
        }
        left -= chunk.length;
        await write(chunk);
      }
      if (left > 0) broken = new CodapError('UNAVAILABLE', 'the body ended too early');
    } catch (error) {
      broken = error;
    }
    while (left > 0) {
      const zeros = ZEROS.subarray(0, Math.min(left, ZEROS.length));
      left -= zeros.length;
      await write(zeros);
    }
    entry.end(undefined);
    await closed.promise;
    return broken;
  }
}

async function collected(body: EntryBody, held: Memory): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunksOf(body)) {
    size += chunk.length;
    if (size > COLLECTED)
      throw new CodapError('TOO_LARGE', `a tar holds a body of unknown length up to ${COLLECTED} bytes`);
    held.hold(chunk.length);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * When a file was modified; beyond what the header's field is written with (31 bits of seconds), as a pax
 * record.
 */
function timeOf(modified: Date): Partial<Header> {
  const seconds = Math.floor(modified.getTime() / 1000);
  return seconds >= 0 && seconds < 2 ** 31 ? { mtime: modified } : { mtime: new Date(0), pax: { mtime: `${seconds}` } };
}
