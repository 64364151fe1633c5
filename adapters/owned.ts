import { PassThrough, pipeline, type Duplex, type Readable } from 'node:stream';
import type { CodapError } from '../src/errors.ts';
import { abortReason } from '../src/errors.ts';

/**
 * A driver's stream as codap hands it on: through `decoders`, its errors translated, destroyed when the signal aborts.
 * Destroying it destroys the driver's.
 */
export function owned(
  source: Readable,
  signal: AbortSignal,
  translate: (error: Error) => CodapError,
  decoders: readonly Duplex[] = [],
): Readable {
  const stream = new PassThrough({
    destroy(error, done) {
      signal.removeEventListener('abort', abort);
      done(error && translate(error));
    },
  });
  const abort = (): void => void stream.destroy(abortReason(signal));
  signal.addEventListener('abort', abort, { once: true });
  // Its error is no crash while nobody holds it yet.
  stream.on('error', () => {});
  pipeline([source, ...decoders, stream], () => {});
  if (signal.aborted) abort();
  return stream;
}
