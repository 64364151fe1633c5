import type { Readable } from 'node:stream';
import type { Memory } from '../../src/budget/memory.ts';

/**
 * Reads a stream to its end, its bytes counted before they are kept. Beyond `maxBytes` the stream is
 * destroyed and `tooLarge` is thrown; likewise what `memory` throws.
 */
export function collect(
  stream: Readable,
  maxBytes: number,
  memory: Pick<Memory, 'hold'>,
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
      }
    });
    stream.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)));
    stream.once('error', reject);
    // A stream destroyed from outside without an error would otherwise never settle this.
    stream.once('close', () => reject(new Error('closed before its end')));
  });
}
