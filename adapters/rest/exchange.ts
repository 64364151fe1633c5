import type { IncomingHttpHeaders } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { abortReason } from '../../src/errors.ts';
import type { Context } from '../../src/store/fetch.ts';
import { readInTurn } from '../http/collect.ts';
import { headFailure, transportFailure } from '../http/transport-failure.ts';
import type { Clients, Lane, Taker } from './clients.ts';

/**
 * Bytes of an answer that nobody reads, and milliseconds, after which its connection is cut rather than used
 * again.
 */
export const DROPPED_BYTES = 65_536;
export const DROPPED_MS = 500;

/** How much of a body is taken, and what is thrown for more. */
export interface Portion {
  readonly most: number;
  /** How long it will be, where that is told. */
  readonly length?: number | undefined;
  readonly tooMany: () => Error;
  /** Where the body is coded: makes of it, while it comes, what is collected instead. */
  readonly decode?: (source: Readable) => Promise<Buffer>;
}

/** What becomes of an answer. */
export interface Reader<T> {
  /** Looks at its head, again where it is sent once more. Throws where its body is not wanted. */
  head(status: number, headers: IncomingHttpHeaders): Portion;
  /** Makes of its whole body what the call was for. */
  whole(bytes: Buffer): T | Promise<T>;
}

/**
 * Sends a request and reads its answer: rejects as soon as the signal aborts, the head is refused, or the
 * body is larger than it may be.
 */
export function exchange<T>(
  clients: Clients,
  request: Dispatcher.DispatchOptions,
  context: Pick<Context, 'signal' | 'memory' | 'work'>,
  reader: Reader<T>,
): Promise<T> {
  if (context.signal.aborted) return Promise.reject(abortReason(context.signal));
  return new Promise((resolve, reject) => {
    clients.send(request, new Exchange(clients, context, reader, resolve, reject));
  });
}

const ONCE = { once: true };

/** A handler of undici's own, without a stream: small answers are the many. */
class Exchange<T> implements Taker {
  lane: Lane | undefined;
  isOver = false;
  readonly #clients: Clients;
  readonly #context: Pick<Context, 'signal' | 'memory' | 'work'>;
  readonly #reader: Reader<T>;
  readonly #resolve: (result: T | Promise<T>) => void;
  readonly #reject: (error: Error) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #portion: Portion | undefined;
  #size = 0;
  #first: Buffer | undefined;
  /** All that has come, once that is more than one piece; where its length is told, as it will be. */
  #pieces: Buffer[] | undefined;
  #whole: Buffer | undefined;
  #coded: PassThrough | undefined;
  #dropping: NodeJS.Timeout | undefined;

  constructor(
    clients: Clients,
    context: Pick<Context, 'signal' | 'memory' | 'work'>,
    reader: Reader<T>,
    resolve: (result: T | Promise<T>) => void,
    reject: (error: Error) => void,
  ) {
    this.#clients = clients;
    this.#context = context;
    this.#reader = reader;
    this.#resolve = resolve;
    this.#reject = reject;
    context.signal.addEventListener('abort', this, ONCE);
  }

  /** The signal has aborted. */
  handleEvent(): void {
    const reason = abortReason(this.#context.signal);
    this.#fail(reason);
    this.#controller?.abort(reason);
  }

  /** The request is about to be sent; once more, where a connection that carried several was cut. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    // What is thrown here leaves the connection as it is.
    if (this.isOver) throw abortReason(this.#context.signal);
    this.#controller = controller;
    this.#portion = undefined;
    this.#forget();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200 || this.isOver) return;
    try {
      this.#portion = this.#reader.head(status, headers);
      if (this.#portion.decode) this.#decode(this.#portion.decode);
    } catch (error) {
      this.#drop(error as Error);
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.isOver) {
      if (this.#size > DROPPED_BYTES) controller.abort(new Error('an answer that nobody reads'));
      return;
    }
    if (this.#coded) {
      if (this.#coded.write(chunk)) return;
      controller.pause();
      this.#coded.once('drain', () => controller.resume());
      return;
    }
    try {
      const { most, tooMany } = this.#portion as Portion;
      if (this.#size > most) throw tooMany();
      this.#context.memory.hold(chunk.length);
    } catch (error) {
      return this.#drop(error as Error);
    }
    this.#keep(chunk);
    readInTurn(chunk, controller, this.#context.work);
  }

  #keep(chunk: Buffer): void {
    if (!this.#first) {
      this.#first = chunk;
      return;
    }
    const { length } = this.#portion as Portion;
    if (length === undefined) (this.#pieces ??= [this.#first]).push(chunk);
    else {
      if (!this.#whole) this.#first.copy((this.#whole = Buffer.allocUnsafeSlow(length)));
      chunk.copy(this.#whole, this.#size - chunk.length);
    }
  }

  onResponseEnd(): void {
    clearTimeout(this.#dropping);
    this.#clients.free(this.lane as Lane, false);
    if (this.#coded) this.#coded.end();
    else if (!this.isOver)
      this.#succeed(
        this.#whole ?? (this.#pieces ? Buffer.concat(this.#pieces, this.#size) : (this.#first ?? Buffer.alloc(0))),
      );
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    clearTimeout(this.#dropping);
    if (this.lane) this.#clients.free(this.lane, true);
    if (!this.isOver) this.#fail(this.#portion ? transportFailure(error) : headFailure(error));
  }

  #decode(decode: (source: Readable) => Promise<Buffer>): void {
    const coded = new PassThrough();
    this.#coded = coded;
    decode(coded).then(
      (bytes) => this.isOver || coded !== this.#coded || this.#succeed(bytes),
      (error: Error) => this.isOver || coded !== this.#coded || this.#drop(error),
    );
  }

  #succeed(bytes: Buffer): void {
    this.#end();
    try {
      this.#resolve(this.#reader.whole(bytes));
    } catch (error) {
      this.#reject(error as Error);
    }
  }

  #fail(error: Error): void {
    this.#end();
    this.#reject(error);
  }

  /** What is left of the answer is read and thrown away, so that its connection can serve again. */
  #drop(error: Error): void {
    this.#fail(error);
    this.#dropping = setTimeout(() => this.#controller?.abort(error), DROPPED_MS).unref();
  }

  #end(): void {
    this.isOver = true;
    this.#forget();
    this.#context.signal.removeEventListener('abort', this);
  }

  #forget(): void {
    this.#size = 0;
    this.#first = undefined;
    this.#pieces = undefined;
    this.#whole = undefined;
    this.#coded?.destroy();
    this.#coded = undefined;
  }
}
