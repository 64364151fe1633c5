import type { Readable } from 'node:stream';
import { isLoopHeld } from '../../src/budget/turns.ts';
import type { Work } from '../../src/budget/work.ts';
import type { Context } from '../../src/store/fetch.ts';

/** Bytes of a piece of a body that is one of many. */
const LARGE = 32_768;

/** What bytes come from. */
interface Source {
  pause(): unknown;
  resume(): unknown;
}

/** After a large piece of a body, of so many bytes, others have their turn, before more of it is read. */
export function pauseForTurn(bytes: number, from: Source, work: Work): void {
  if (bytes < LARGE || !isLoopHeld()) return;
  from.pause();
  work.turn().then(
    () => from.resume(),
    () => {},
  );
}

/**
 * Reads a stream to its end, its bytes counted before they are kept. Beyond `maxBytes` the stream is
 * destroyed and `tooLarge` is thrown; likewise what `memory` throws.
 */
export function collect(
  stream: Readable,
  maxBytes: number,
  { memory, work }: Pick<Context, 'memory' | 'work'>,
  tooLarge: () => Error,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      try {
        if (size > maxBytes) throw tooLarge();
        memory.hold(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        stream.destroy(error as Error);
        return;
      }
      pauseForTurn(chunk.length, stream, work);
    });
    stream.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)));
    stream.once('error', reject);
    // A stream destroyed from outside without an error would otherwise never settle this.
    stream.once('close', () => reject(new Error('closed before its end')));
  });
}
