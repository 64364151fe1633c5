import type { Opened } from '../../batch/opened.ts';
import type { Entry } from './entry.ts';

/** Takes bytes; answers a promise where the reader has to catch up first. */
export type Sink = (bytes: Uint8Array) => Promise<void> | undefined;

/** A container format: entries one after the other, then its end. */
export interface ArchiveWriter {
  /** Writes one entry under a safe name; answers what broke its content, if anything did. Throws TOO_LARGE, nothing written, for what the format cannot hold. */
  add(entry: Entry, name: string): Promise<unknown>;
  /** Closes the archive; the comment is for formats that have one. */
  end(comment: string): Promise<void>;
}

/** The bytes of an open body, chunk by chunk. */
export async function* chunksOf(body: Opened<Buffer>): AsyncGenerator<Buffer> {
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
