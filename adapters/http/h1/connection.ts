import type { Socket } from 'node:net';
import { errors } from 'undici';
import { AnswerReader, type Asker } from './answer-reader.ts';
import { type Connect, readBy } from './sockets.ts';
import type { Carrier, Keeper, Taker } from './taker.ts';
import type { Head } from './head.ts';
import { KEPT_MS, keptMs } from './framing.ts';

/**
 * One connection: sends requests, brings each its answer. After anything that is not HTTP as it should be it
 * is cut, so that no answer can be taken for another's.
 */
export class H1Connection implements Asker, Carrier {
  /** Whether its keeper has it among those that can carry another request, or soon can. */
  isListed = true;
  readonly #keeper: Keeper<H1Connection>;
  readonly #reader: AnswerReader;
  /** In the order of their answers; the first `#sent` of them are out. */
  readonly #calls: Taker[] = [];
  #sent = 0;
  #socket: Socket | undefined;
  #keptMs = KEPT_MS;
  #idleMs = 0;
  #keepsAlive = true;
  /** That it has been given up here, or what broke it. */
  #isCut = false;
  #failure: Error | undefined;
  #hasAnswered = false;
  /** What came while nothing was to be read. */
  #rest: Buffer | undefined;
  #isEnded = false;
  #closed: (() => void) | undefined;

  constructor(connect: Connect, keeper: Keeper<H1Connection>, mostHead: number) {
    this.#keeper = keeper;
    this.#reader = new AnswerReader(this, mostHead);
    connect((error, socket) => this.#opened(error, socket));
  }

  /** How many requests it carries, sent or not. */
  get load(): number {
    return this.#calls.length;
  }

  /** Whether requests can be given to it. */
  get isOpen(): boolean {
    return this.isGoing && this.#keepsAlive;
  }

  /** Since when it brings what is left of an answer that nobody reads, an instant. */
  get droppingSince(): number | undefined {
    return this.#sent > 0 && this.isGoing ? (this.#calls[0] as Taker).droppedAt : undefined;
  }

  get isDue(): boolean {
    return this.#sent > 0;
  }

  get isHead(): boolean {
    return (this.#calls[0] as Taker).isHead;
  }

  /** Takes a request over; it is sent with the next `flush`. */
  add(call: Taker): void {
    this.#idleMs = 0;
    this.#calls.push(call);
  }

  /** So many milliseconds have passed: it is closed where nobody has used it for as long as it is kept. */
  look(ms: number): void {
    if (this.#calls.length > 0 || !this.#socket) return;
    this.#idleMs += ms;
    if (this.#idleMs >= this.#keptMs) this.cut();
  }

  /** Sends what is to be sent, in one write; nothing while it is being opened. */
  flush(): void {
    const socket = this.#socket;
    if (!socket || !this.isOpen || this.#sent === this.#calls.length) return;
    const { length } = this.#calls;
    let text = '';
    while (this.#sent < this.#calls.length) {
      const call = this.#calls[this.#sent] as Taker;
      if (call.isOver) {
        this.#calls.splice(this.#sent, 1);
        continue;
      }
      this.#sent += 1;
      call.onSend(this);
      text += call.head;
      if (!call.body) continue;
      socket.cork();
      socket.write(text, 'latin1');
      socket.write(call.body);
      socket.uncork();
      text = '';
    }
    if (text !== '') socket.write(text, 'latin1');
    if (this.#calls.length < length) this.#keeper.onFree(this);
  }

  cut(): void {
    if (this.#isCut || this.#failure) return;
    this.#isCut = this.#reader.isHalted = true;
    this.#socket?.destroy();
  }

  /** Ends it, and with it all that it carries. Resolves once it is closed. */
  destroy(error: Error): Promise<void> {
    const calls = this.#calls.splice(0);
    this.#sent = 0;
    this.cut();
    for (const call of calls) call.onFailure(error);
    // One that is being opened is closed as soon as it is open.
    if (!this.#socket || this.#socket.closed) return Promise.resolve();
    return new Promise((resolve) => (this.#closed = resolve));
  }

  pause(): void {
    this.#reader.isHalted = true;
  }

  resume(): void {
    if (!this.isGoing || !this.#reader.isHalted) return;
    this.#goOn();
    if (this.#reader.isHalted) return;
    if (this.#isEnded) this.#finish();
    else this.#socket?.resume();
  }

  /** What has come, in memory that is used again; false if no more is taken for now. */
  read(memory: Buffer, bytes: number): boolean {
    if (!this.isGoing) return false;
    if (this.#reader.isHalted) this.#keep(memory, 0, bytes);
    else this.#read(memory, bytes);
    return !this.#reader.isHalted;
  }

  onHead(head: Head, keepsAlive: boolean): void {
    const call = this.#calls[0] as Taker;
    this.#keptMs = keptMs(head);
    this.#keepsAlive = keepsAlive && this.#keptMs > 0 && !call.isHead;
    call.onHead(head);
  }

  onBody(memory: Buffer, from: number, to: number): void {
    (this.#calls[0] as Taker).onBody(memory, from, to);
  }

  onEnd(): void {
    if (!this.isGoing) return;
    // To shift the last one out of a list is dear: V8 lets go of its memory.
    const call = (this.#calls.length === 1 ? this.#calls.pop() : this.#calls.shift()) as Taker;
    this.#sent -= 1;
    this.#hasAnswered = true;
    // What comes after a body that the store has not taken would wait behind it.
    if (!this.#keepsAlive || (call.body && this.#socket?.writableLength)) this.cut();
    call.onEnd();
    this.#keeper.onFree(this);
  }

  /** Neither cut nor broken. */
  get isGoing(): boolean {
    return !this.#isCut && this.#failure === undefined;
  }

  #opened(error: Error | null, socket: Socket | null): void {
    if (!socket) {
      const calls = this.#calls.splice(0);
      this.#failure = error ?? new errors.SocketError('closed');
      for (const call of calls) call.onFailure(this.#failure);
      return this.#keeper.onClosed(this, []);
    }
    this.#socket = socket;
    readBy(socket, this);
    socket
      .on('error', (cause) => this.#lose(cause))
      .on('end', () => {
        this.#isEnded = true;
        if (!this.#reader.isHalted) this.#finish();
      })
      .on('close', () => this.#close());
    if (this.#isCut) socket.destroy();
    else if (this.#calls.length === 0) this.#keeper.onFree(this);
    else this.flush();
  }

  #goOn(): void {
    const rest = this.#rest ?? Buffer.alloc(0);
    this.#rest = undefined;
    this.#reader.isHalted = false;
    this.#read(rest, rest.length);
  }

  #read(memory: Buffer, bytes: number): void {
    try {
      const at = this.#reader.read(memory, 0, bytes);
      if (at < bytes && this.isGoing) this.#keep(memory, at, bytes);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #keep(memory: Buffer, start: number, end: number): void {
    const more = Buffer.from(memory.subarray(start, end));
    this.#rest = this.#rest ? Buffer.concat([this.#rest, more]) : more;
  }

  #finish(): void {
    if (!this.isGoing) return;
    try {
      this.#reader.finish();
    } catch (error) {
      this.#lose(error as Error);
    }
  }

  /**
   * It has ended, by none of our doing. One that was kept may be closed by the store just as the next request
   * comes: what is safe, and alone has no body here, is then sent anew (RFC 9112 §9.3.1, RFC 9110 §9.2.2).
   */
  #lose(error: Error): void {
    if (this.#hasAnswered && !this.#reader.hasBegun && !this.#calls[0]?.body) this.cut();
    else this.#fail(error);
  }

  #fail(error: Error): void {
    if (!this.isGoing) return;
    this.#failure = error;
    this.#reader.isHalted = true;
    this.#socket?.destroy();
  }

  /** Of those that are out, the first alone was being answered: it fails, unless it was given up here. */
  #close(): void {
    // Nobody else is held up by what is here already.
    while (this.isGoing && this.#reader.isHalted) this.#goOn();
    if (this.#isEnded) this.#finish();
    this.#lose(new errors.SocketError('closed'));
    const calls = this.#calls.splice(0);
    const first = this.#failure && this.#sent > 0 ? calls.shift() : undefined;
    this.#sent = 0;
    first?.onFailure(this.#failure as Error);
    this.#closed?.();
    this.#keeper.onClosed(
      this,
      calls.filter((call) => !call.isOver),
    );
  }
}
