import { CodapError } from '../../errors.ts';
import type { Sink } from './writer.ts';

/**
 * What is written to a sink, piece by piece, each once the one before was taken. Throws what the writing
 * threw. Once the reader has left, or the archive is cut, the sink refuses what comes.
 */
export async function* piped(
  write: (sink: Sink) => Promise<void>,
  isCut: () => boolean,
): AsyncGenerator<Uint8Array, void> {
  let offered: Uint8Array | undefined;
  let left = false;
  let ended = false;
  let wake = (): void => {};
  let taken = (): void => {};
  const written = write((bytes) => {
    if (left || isCut()) throw new CodapError('CANCELLED', 'the archive is cut');
    offered = bytes;
    wake();
    return new Promise<void>((resolve) => (taken = resolve));
  }).finally(() => {
    ended = true;
    wake();
  });
  written.catch(() => {});
  try {
    for (;;) {
      if (offered) {
        const piece = offered;
        offered = undefined;
        yield piece;
        taken();
      } else if (ended) return await written;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    left = true;
    taken();
  }
}
