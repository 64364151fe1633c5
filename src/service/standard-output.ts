import { writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

/** Lines are written together, from so many bytes on or after so many milliseconds. */
const GATHERED = 3072;
const FLUSH_MS = 100;
/** At most so many bytes at once, which a pipe takes whole: workers keep out of each other's lines. */
const WRITTEN = 4096;
const STDOUT = 1;

/** What passes as soon as somebody reads … */
const BUSY: ReadonlySet<unknown> = new Set(['EAGAIN', 'EBUSY']);
/** … and what passes when somebody makes room. Whatever else fails does so for good. */
const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);

/**
 * Standard output for lines. What cannot be written is lost: nothing is thrown, and nobody waits for a disk
 * that is full or a reader that has gone. (In pino's own destination `flushSync` tries again for ever.)
 */
export class StandardOutput implements DestinationStream {
  /** The end of what was written in part, or not at all; the lines that follow; the bytes of both. */
  #rest = Buffer.alloc(0);
  #lines = '';
  #bytes = 0;
  /** Until the next turn of the timer there is no room. */
  #full = false;
  #gone = false;
  readonly #timer = setInterval(() => this.#again(), FLUSH_MS).unref();

  constructor() {
    // Nothing is lost that was logged before the process exits.
    process.once('exit', () => this.#again());
  }

  write(line: string): void {
    if (this.#gone) return;
    const bytes = Buffer.byteLength(line);
    if (this.#bytes + bytes > WRITTEN) this.flushSync();
    // What is kept while there is no room is bounded, too.
    if (this.#bytes > 0 && this.#bytes + bytes > WRITTEN) return;
    this.#lines += line;
    this.#bytes += bytes;
    if (this.#bytes >= GATHERED) this.flushSync();
  }

  /** Writes what is there, as far as it can be; pino calls it by this name after a line of level `fatal`. */
  flushSync(): void {
    if (this.#full || this.#gone || this.#bytes === 0) return;
    this.#rest = Buffer.concat([this.#rest, Buffer.from(this.#lines)]);
    this.#lines = '';
    try {
      while (this.#rest.length > 0) this.#rest = this.#rest.subarray(writeWhenFree(this.#rest));
    } catch (error) {
      this.#full = FULL.has(codeOf(error));
      if (!this.#full) this.#leave();
    }
    this.#bytes = this.#rest.length;
  }

  #again(): void {
    this.#full = false;
    this.flushSync();
  }

  #leave(): void {
    this.#gone = true;
    this.#rest = Buffer.alloc(0);
    clearInterval(this.#timer);
  }
}

/** Writes some of it, and waits while a pipe is full: one that is read slowly loses no line. */
function writeWhenFree(bytes: Buffer): number {
  for (;;) {
    try {
      return writeSync(STDOUT, bytes);
    } catch (error) {
      if (!BUSY.has(codeOf(error))) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FLUSH_MS);
    }
  }
}

const codeOf = (error: unknown): unknown => (error as NodeJS.ErrnoException).code;
