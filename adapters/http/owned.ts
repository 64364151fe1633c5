import { PassThrough, pipeline, type Duplex, type Readable } from 'node:stream';
import type { CodapError } from '../../src/errors.ts';
import { abortReason } from '../../src/errors.ts';
import { whenAborted } from '../../src/ground/when-aborted.ts';
import { whenClosed } from '../../src/ground/when-closed.ts';

/**
 * A driver's stream as codap hands it on: through `decoders`, its errors translated, destroyed when the
 * signal aborts. Destroying it destroys the driver's.
 */
export function owned(
  source: Readable,
  signal: AbortSignal,
  translate: (error: Error) => CodapError,
  decoders: readonly Duplex[] = [],
): Readable {
  const stream = new Translated(translate);
  const abort = (): void => void stream.destroy(abortReason(signal));
  // Its error is no crash while nobody holds it yet.
  stream.on('error', () => {});
  pipeline([source, ...decoders, stream], () => {});
  whenClosed(stream, whenAborted(signal, abort));
  return stream;
}

class Translated extends PassThrough {
  readonly #translate: (error: Error) => CodapError;

  constructor(translate: (error: Error) => CodapError) {
    super();
    this.#translate = translate;
  }

  /** Translates before anything is kept: who comes to read a stream that has broken is told what it keeps. */
  override destroy(error?: Error | null): this {
    return super.destroy(error ? this.#translate(error) : undefined);
  }
}
