import type { Readable } from 'node:stream';

/** Reads a stream to its end; `tooLarge` is thrown, and the stream destroyed, as soon as it has given more than `maxBytes`. */
export function collect(stream: Readable, maxBytes: number, tooLarge: () => Error): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else stream.destroy(tooLarge());
    });
    stream.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)));
    stream.once('error', reject);
    // A stream destroyed from outside without an error would otherwise never settle this.
    stream.once('close', () => reject(new Error('closed before its end')));
  });
}
