import type { IncomingHttpHeaders } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { abortReason } from '../../src/errors.ts';
import type { Context } from '../../src/store/fetch.ts';
import { headFailure, transportFailure } from '../http/transport-failure.ts';

/** Bytes of an answer that nobody reads, and milliseconds, after which its connection is cut rather than used again. */
export const DROPPED_BYTES = 65_536;
export const DROPPED_MS = 500;

/** How much of a body is taken, and what is thrown for more. */
export interface Portion {
  readonly most: number;
  readonly tooMany: () => Error;
  /** Where the body is coded: makes of it, while it comes, what is collected instead. */
  readonly decode?: (source: Readable) => Promise<Buffer>;
}

/** Looks at the head of an answer. Throws where its body is not wanted. */
export type Judge = (status: number, headers: IncomingHttpHeaders) => Portion;

/**
 * Sends a request and collects its answer's body: rejects as soon as the signal aborts, the head is refused, or the body is larger than
 * it may be. A handler of undici's own, without a stream: small answers are the many.
 */
export function exchange(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  { signal, memory }: Pick<Context, 'signal' | 'memory'>,
  judge: Judge,
): Promise<Buffer> {
  if (signal.aborted) return Promise.reject(abortReason(signal));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let portion: Portion | undefined;
    let controller: Dispatcher.DispatchController | undefined;
    let over = false;
    let dropping: NodeJS.Timeout | undefined;
    let coded: PassThrough | undefined;
    const end = (): void => {
      over = true;
      chunks.length = 0;
      signal.removeEventListener('abort', leave);
    };
    const succeed = (bytes: Buffer): void => {
      if (over) return;
      end();
      resolve(bytes);
    };
    const fail = (error: Error): void => {
      end();
      coded?.destroy();
      reject(error);
    };
    const leave = (): void => {
      fail(abortReason(signal));
      controller?.abort(abortReason(signal));
    };
    /** What is left of the answer is read and thrown away, so that its connection can serve again. */
    const drop = (error: Error): void => {
      fail(error);
      size = 0;
      dropping = setTimeout(() => controller?.abort(error), DROPPED_MS).unref();
    };
    signal.addEventListener('abort', leave, { once: true });
    dispatcher.dispatch(request, {
      onRequestStart(started) {
        controller = started;
        if (over) started.abort(abortReason(signal));
      },
      onResponseStart(_controller, status, headers) {
        if (status < 200 || over) return;
        try {
          portion = judge(status, headers);
          if (!portion.decode) return;
          coded = new PassThrough();
          portion.decode(coded).then(succeed, (error: Error) => over || drop(error));
        } catch (error) {
          drop(error as Error);
        }
      },
      onResponseData(started, chunk) {
        size += chunk.length;
        if (over) {
          if (size > DROPPED_BYTES) started.abort(new Error('an answer that nobody reads'));
          return;
        }
        if (coded) {
          if (coded.write(chunk)) return;
          started.pause();
          coded.once('drain', () => started.resume());
          return;
        }
        try {
          if (size > (portion as Portion).most) throw (portion as Portion).tooMany();
          memory.hold(chunk.length);
          chunks.push(chunk);
        } catch (error) {
          drop(error as Error);
        }
      },
      onResponseEnd() {
        clearTimeout(dropping);
        if (coded) coded.end();
        else succeed(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size));
      },
      onResponseError(_controller, error) {
        clearTimeout(dropping);
        if (!over) fail(portion ? transportFailure(error) : headFailure(error));
      },
    });
  });
}
