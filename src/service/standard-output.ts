import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

/** Lines are written together, from so many bytes on or after so many milliseconds. */
const GATHERED = 3072;
const FLUSH_MS = 100;
/** At most so many bytes at once, which a pipe takes whole: workers keep out of each other's lines. */
const WRITTEN = 4096;
/** So many bytes are kept for a reader that stalls, or a disk that is full; further lines are lost. */
const KEPT = 2 ** 20;
/** A process that exits waits for a reader that has just stalled: for so long, and looks so often. */
const EXIT_MS = 100;
const LOOK_MS = 5;
const STDOUT = 1;

/** What passes as soon as somebody reads … */
const BUSY: ReadonlySet<unknown> = new Set(['EAGAIN', 'EBUSY']);
/** … and what passes when somebody makes room. Whatever else fails does so for good. */
const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);

/**
 * Standard output for lines. What cannot be written is kept for a while, or lost: nothing is thrown, and
 * nobody waits for a reader that stalls or has gone, or for a disk that is full. (In pino's own destination
 * `flushSync` tries again for ever. Node's asynchronous writes hold the exit of the process until somebody
 * reads.)
 */
export class StandardOutput implements DestinationStream {
  /** What is to be written, whole lines in each piece but the first. */
  readonly #pieces: Buffer[] = [];
  /** The lines that follow. */
  #lines = '';
  #gathered = 0;
  /** The bytes of all of them. */
  #bytes = 0;
  /** Since when nothing was taken, though something was there: an instant. */
  #stalled: number | undefined;
  #lost = 0;
  #gone = false;
  readonly #write = writingAtOnce();
  readonly #tellLost: (lines: number) => void;
  readonly #timer = setInterval(() => this.#again(), FLUSH_MS).unref();

  /** Says how many lines were lost, once there is room for that. */
  constructor(tellLost: (lines: number) => void) {
    this.#tellLost = tellLost;
    process.once('exit', () => this.#end());
  }

  write(line: string): void {
    if (this.#gone) return;
    const bytes = Buffer.byteLength(line);
    if (this.#gathered + bytes > WRITTEN) this.flushSync();
    if (this.#bytes > 0 && this.#bytes + bytes > KEPT) {
      this.#lost += 1;
      return;
    }
    this.#lines += line;
    this.#gathered += bytes;
    this.#bytes += bytes;
    if (this.#gathered >= GATHERED) this.flushSync();
  }

  /** Writes what is there, as far as it can be; pino calls it by this name after a line of level `fatal`. */
  flushSync(): void {
    if (this.#gone || this.#bytes === 0) return;
    if (this.#gathered > 0) this.#pieces.push(Buffer.from(this.#lines));
    this.#lines = '';
    this.#gathered = 0;
    try {
      for (let piece = this.#pieces[0]; piece; piece = this.#pieces[0]) {
        const written = this.#write(piece);
        this.#bytes -= written;
        this.#stalled = undefined;
        if (written === piece.length) this.#pieces.shift();
        else this.#pieces[0] = piece.subarray(written);
      }
      this.#timer.unref();
    } catch (error) {
      this.#keep((error as NodeJS.ErrnoException).code);
    }
  }

  #keep(code: unknown): void {
    this.#stalled ??= performance.now();
    // A process that has nothing else to do ends once somebody has read.
    if (BUSY.has(code)) this.#timer.ref();
    else if (!FULL.has(code)) this.#leave();
  }

  #again(): void {
    this.flushSync();
    if (this.#lost === 0 || this.#bytes + WRITTEN > KEPT) return;
    const lost = this.#lost;
    this.#lost = 0;
    this.#tellLost(lost);
  }

  /** Nothing is lost that was logged before the process exits, if somebody reads. */
  #end(): void {
    const until = (this.#stalled ?? performance.now()) + EXIT_MS;
    this.#again();
    while (this.#bytes > 0 && performance.now() < until) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS);
      this.flushSync();
    }
  }

  #leave(): void {
    this.#gone = true;
    this.#pieces.length = 0;
    this.#bytes = 0;
    clearInterval(this.#timer);
  }
}

/** Writes some of it, and never waits for a reader: then it throws. */
type Write = (bytes: Buffer) => number;

/**
 * Others may write to the same pipe or terminal, and could not bear writes that do not wait: so it is opened
 * a second time, for this process alone. A socket cannot be.
 */
function writingAtOnce(): Write {
  const stat = fstatSync(STDOUT);
  if (process.platform === 'linux' && !stat.isFile() && !stat.isSocket()) {
    try {
      const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
      const own = openSync('/proc/self/fd/1', O_WRONLY | O_NONBLOCK | O_NOCTTY);
      return (bytes) => writeSync(own, bytes);
    } catch {
      // It belongs to another user, or its reader has gone.
    }
  }
  const { _handle: handle } = process.stdout as unknown as { _handle?: { setBlocking?(waits: boolean): void } };
  return (bytes) => {
    // Workers share it, and have its writes wait again as they start and end.
    handle?.setBlocking?.(false);
    return writeSync(STDOUT, bytes);
  };
}
