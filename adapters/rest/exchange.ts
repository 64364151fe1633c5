import { PassThrough, type Readable } from 'node:stream';
import type { Memory } from '../../src/budget/memory.ts';
import { abortReason } from '../../src/errors.ts';
import type { ReadContext } from '../../src/store/fetch.ts';
import { pauseForTurn } from '../http/collect.ts';
import type { Carrier, Taker } from '../http/h1/taker.ts';
import type { AnswerFields } from './fields.ts';
import type { Head } from '../http/h1/head.ts';
import type { Pool } from '../http/h1/pool.ts';
import { requestHead } from '../http/h1/request-head.ts';
import { transportFailure } from '../http/transport-failure.ts';

/**
 * Bytes of an answer that nobody reads, and milliseconds, after which its connection is cut rather than used
 * again.
 */
export const DROPPED_BYTES = 65_536;
export const DROPPED_MS = 500;

/** How much of a body is taken, and how. */
export interface Portion {
  readonly most: number;
  /** How long it will be, where that is told. */
  readonly length?: number | undefined;
  /** Where the body is coded: makes of it, while it comes, what is collected instead, and counted. */
  readonly decode?: (source: Readable, memory: Memory) => Promise<Buffer>;
}

/** What is asked for. */
export interface Request {
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** With its query. */
  readonly path: string;
  readonly host: string;
  /** Name, value, name, value. */
  readonly headers: readonly string[];
  readonly body?: Buffer | undefined;
}

/** What becomes of an answer. */
export interface Reader<T> {
  /** Looks at its head, again where it is sent once more. Throws where its body is not wanted. */
  head(status: number, fields: AnswerFields): Portion;
  /** What is thrown where there is more of its body than is taken. */
  tooMany(): Error;
  /** Makes of its whole body what the call was for. */
  whole(bytes: Buffer): T | Promise<T>;
}

/**
 * Sends a request and reads its answer: rejects as soon as the signal aborts, the head is refused, or the
 * body is larger than it may be.
 */
export function exchange<T>(pool: Pool, request: Request, context: ReadContext, reader: Reader<T>): Promise<T> {
  if (context.signal.aborted) return Promise.reject(abortReason(context.signal));
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  try {
    pool.send(new Exchange(request, context, reader, resolve, reject));
  } catch (error) {
    reject(transportFailure(error));
  }
  return promise;
}

const ONCE = { once: true };

class Exchange<T> implements Taker {
  readonly head: string;
  readonly body: Buffer | undefined;
  readonly isHead: boolean;
  isOver = false;
  droppedAt: number | undefined;
  readonly #context: ReadContext;
  readonly #reader: Reader<T>;
  readonly #resolve: (result: T | Promise<T>) => void;
  readonly #reject: (error: Error) => void;
  /** What carries it, while it is under way. */
  #carrier: Carrier | undefined;
  #portion: Portion | undefined;
  #size = 0;
  #first: Buffer | undefined;
  /** All that has come, once that is more than one piece; where its length is told, as it will be. */
  #pieces: Buffer[] | undefined;
  #whole: Buffer | undefined;
  #coded: PassThrough | undefined;
  /** What is held of a coded body, until all of it is here. */
  #decoded: Memory | undefined;
  #dropping: NodeJS.Timeout | undefined;

  constructor(
    { method, path, host, headers, body }: Request,
    context: ReadContext,
    reader: Reader<T>,
    resolve: (result: T | Promise<T>) => void,
    reject: (error: Error) => void,
  ) {
    this.head = requestHead(method, path, host, headers, body?.length);
    this.body = body;
    this.isHead = method === 'HEAD';
    this.#context = context;
    this.#reader = reader;
    this.#resolve = resolve;
    this.#reject = reject;
    context.signal.addEventListener('abort', this, ONCE);
  }

  /** The signal has aborted. */
  handleEvent(): void {
    this.#fail(abortReason(this.#context.signal));
    this.#carrier?.cut();
  }

  onSend(carrier: Carrier): void {
    this.#carrier = carrier;
    this.#portion = undefined;
    // What had come of it does not count twice.
    if (!this.#coded) this.#context.memory.release(this.#size);
    this.#forget();
  }

  onHead(head: Head): void {
    try {
      this.#portion = this.#reader.head(head.status, head);
      if (this.#portion.decode) this.#decode(this.#portion.decode);
    } catch (error) {
      this.#drop(error as Error);
    }
  }

  onBody(memory: Buffer, from: number, to: number): void {
    const size = to - from;
    this.#size += size;
    if (this.isOver) {
      if (this.#size > DROPPED_BYTES) this.#carrier?.cut();
      return;
    }
    const carrier = this.#carrier as Carrier;
    if (this.#coded) {
      if (this.#coded.write(copyOf(memory, from, to))) return;
      carrier.pause();
      this.#coded.once('drain', () => carrier.resume());
      return;
    }
    try {
      if (this.#size > (this.#portion as Portion).most) throw this.#reader.tooMany();
      this.#context.memory.hold(size);
    } catch (error) {
      return this.#drop(error as Error);
    }
    this.#keep(memory, from, to);
    pauseForTurn(size, carrier, this.#context.work);
  }

  /** In memory of its own: a value may be kept for long, and shall not keep more than itself. */
  #keep(memory: Buffer, from: number, to: number): void {
    const { length } = this.#portion as Portion;
    if (!this.#first) this.#first = copyOf(memory, from, to);
    else if (length === undefined) (this.#pieces ??= [this.#first]).push(copyOf(memory, from, to));
    else {
      if (!this.#whole) this.#first.copy((this.#whole = Buffer.allocUnsafeSlow(length)));
      memory.copy(this.#whole, this.#size - to + from, from, to);
    }
  }

  onEnd(): void {
    this.#carrier = undefined;
    clearTimeout(this.#dropping);
    if (this.#coded) this.#coded.end();
    else if (!this.isOver)
      this.#succeed(this.#whole ?? (this.#pieces ? Buffer.concat(this.#pieces, this.#size) : (this.#first ?? NOTHING)));
  }

  onFailure(error: Error): void {
    this.#carrier = undefined;
    clearTimeout(this.#dropping);
    if (!this.isOver) this.#fail(transportFailure(error));
  }

  #decode(decode: NonNullable<Portion['decode']>): void {
    const coded = new PassThrough();
    this.#coded = coded;
    this.#decoded = this.#context.memory.part();
    decode(coded, this.#decoded).then(
      (bytes) => {
        if (coded !== this.#coded) return;
        this.#decoded = undefined;
        this.#succeed(bytes);
      },
      (error: Error) => {
        if (coded !== this.#coded) return;
        this.#drop(error);
        // Where it waited for room in the decoder, there will be no word of any.
        this.#carrier?.resume();
      },
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
    this.droppedAt = performance.now();
    this.#dropping = setTimeout(() => this.#carrier?.cut(), DROPPED_MS).unref();
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
    this.#decoded?.close();
    this.#decoded = undefined;
  }
}

/** Of what is read into memory that is used again. */
function copyOf(memory: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafe(to - from);
  memory.copy(copy, 0, from, to);
  return copy;
}

const NOTHING = Buffer.alloc(0);
