import { errors } from 'undici';
import { Chunks } from './chunks.ts';
import { CHUNKED, framingOf, keepsAlive, UNTIL_CLOSE } from './framing.ts';
import { Head, notHttp } from './head.ts';
import { CR, LF } from './octets.ts';

/** Who asked, and takes the answers in their order. */
export interface Asker {
  /** Whether an answer is due: a request is out that has none yet. */
  readonly isDue: boolean;
  /** Whether that was HEAD. */
  readonly isHead: boolean;
  /** The head is valid during this call alone, as is the memory of the body. */
  onHead(head: Head, keepsAlive: boolean): void;
  onBody(memory: Buffer, from: number, to: number): void;
  onEnd(): void;
}

/** What comes next. */
const [HEAD, LENGTH, CHUNKS, TRAILERS, CLOSE] = [0, 1, 2, 3, 4];

/** Takes apart what a connection brings: answers, one after the other, each as it comes. */
export class AnswerReader {
  /** Nothing is read meanwhile. Whoever takes an answer may say so while it is brought. */
  isHalted = false;
  readonly #asker: Asker;
  readonly #head: Head;
  readonly #chunks: Chunks;
  #state = HEAD;
  #left = 0;
  /** An interim answer has come, and none after it. */
  #isInterim = false;

  /** Of a head, its trailers and the size of a chunk, `mostHead` bytes each are taken. */
  constructor(asker: Asker, mostHead: number) {
    this.#asker = asker;
    this.#head = new Head(mostHead);
    this.#chunks = new Chunks(mostHead);
  }

  /** Whether something of an answer has come that is not whole yet, an interim one before it included. */
  get hasBegun(): boolean {
    return this.#state !== HEAD || this.#isInterim || this.#head.hasBegun;
  }

  /**
   * Reads from a piece of memory, which it may change; answers where it stopped: at its end, unless halted.
   * Throws where nothing more of this connection can be trusted.
   */
  read(memory: Buffer, start: number, end: number): number {
    let at = start;
    while (!this.isHalted) {
      if (this.#state === LENGTH && this.#left === 0) this.#end();
      else if (at === end) break;
      else if (this.#state === HEAD) at = this.#readHead(memory, at, end);
      else if (this.#state === CHUNKS) at = this.#readChunks(memory, at, end);
      else if (this.#state === TRAILERS) at = this.#readTrailers(memory, at, end);
      else {
        const to = this.#state === CLOSE ? end : Math.min(end, at + this.#left);
        this.#left -= to - at;
        this.#asker.onBody(memory, at, to);
        at = to;
      }
    }
    return at;
  }

  /** The connection has been ended by the other side. Throws where that was too early. */
  finish(): void {
    if (this.#state !== CLOSE) throw new errors.SocketError('the other side ended it');
    this.#end();
  }

  #readHead(memory: Buffer, start: number, end: number): number {
    let at = start;
    if (!this.#head.hasBegun) while (at < end && (memory[at] === CR || memory[at] === LF)) at++;
    if (at === end) return at;
    if (!this.#asker.isDue) throw new errors.SocketError('bad response');
    at = this.#head.read(memory, at, end);
    if (at < 0) return end;
    this.#begin(this.#head);
    return at;
  }

  #begin(head: Head): void {
    const { status } = head;
    // 100 may come unasked, and is passed by (RFC 9110 §15.2); another protocol may not.
    if (status < 100 || status === 101) throw notHttp('the status');
    const framing = framingOf(head, this.#asker.isHead || status < 200);
    const isKept = keepsAlive(head, framing);
    if (status < 200) {
      if (!isKept) throw notHttp('an end before the answer');
      head.reset();
      this.#isInterim = true;
      return;
    }
    this.#isInterim = false;
    this.#state = framing === CHUNKED ? CHUNKS : framing === UNTIL_CLOSE ? CLOSE : LENGTH;
    this.#left = Math.max(0, framing);
    this.#asker.onHead(head, isKept);
    head.reset();
    if (framing === CHUNKED) this.#chunks.reset();
  }

  #readChunks(memory: Buffer, start: number, end: number): number {
    const chunks = this.#chunks;
    const at = chunks.read(memory, start, end);
    if (chunks.isOver) {
      this.#head.reset('trailers');
      this.#state = TRAILERS;
    }
    if (chunks.to > chunks.from) this.#asker.onBody(memory, chunks.from, chunks.to);
    return at;
  }

  /** Nobody asks what they say. */
  #readTrailers(memory: Buffer, start: number, end: number): number {
    const at = this.#head.read(memory, start, end);
    if (at < 0) return end;
    this.#head.reset();
    this.#end();
    return at;
  }

  #end(): void {
    this.#state = HEAD;
    this.#asker.onEnd();
  }
}
