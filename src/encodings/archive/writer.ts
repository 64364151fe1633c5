import { CodapError } from '../../errors.ts';
import type { Entry, EntryBody } from './entry.ts';

/** Takes bytes; answers a promise where the reader has to catch up first. */
export type Sink = (bytes: Uint8Array) => Promise<void> | undefined;

/** A container format: entries one after the other, then its end. */
export interface ArchiveWriter {
  /**
   * Writes one entry under a safe name, and answers what broke its content, if anything did. For what the
   * format cannot hold it throws, with nothing written. A name that ends with `/` is that of a folder, whose
   * content is an empty Buffer.
   */
  add(entry: Entry, name: string): Promise<unknown>;
  /** Closes the archive; the comment is for formats that have one. */
  end(comment: string): Promise<void>;
}

/** The bytes of an open body, chunk by chunk. */
export async function* chunksOf(body: EntryBody): AsyncGenerator<Buffer> {
  try {
    for (;;) {
      const step = await body.next();
      if (step.done) return;
      yield step.value;
    }
  } finally {
    body.close();
  }
}

interface Pipe {
  readonly destroyed: boolean;
  write(bytes: Uint8Array): boolean;
  once(event: 'drain' | 'close', callback: () => void): unknown;
  off(event: 'drain' | 'close', callback: () => void): unknown;
}

/**
 * Writes to a stream inside an archive, and answers a promise where that is full. Once the stream is
 * destroyed it would never drain: then it throws CANCELLED.
 */
export function writeTo(pipe: Pipe, bytes: Uint8Array): Promise<void> | undefined {
  if (pipe.destroyed) throw new CodapError('CANCELLED', 'the archive is cut');
  if (pipe.write(bytes)) return undefined;
  return new Promise((resolve) => {
    const done = (): void => {
      pipe.off('drain', done);
      pipe.off('close', done);
      resolve();
    };
    pipe.once('drain', done);
    pipe.once('close', done);
  });
}
