import type { ServerResponse } from 'node:http';
import { createBrotliCompress, createGzip, constants, type BrotliCompress, type Gzip } from 'node:zlib';
import type { FastifyReply } from 'fastify';
import { giveBack } from '../../store/read-memory.ts';
import { cutAnswer } from './cut-connection.ts';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** The codings an answer that flows can be compressed in. */
export type Coding = 'gzip' | 'br';

/** Beyond this quality Brotli takes far more time than it saves bytes. */
export const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

/** Characters of frames that are written without waiting for the end of the turn. */
const GATHERED = 16_384;
/**
 * Where a store and a client keep up, frames could be written for ever: so long at a time, in milliseconds,
 * before the others have their turn.
 */
const TURN_MS = 10;

/**
 * Where an answer that flows goes: written as fast as the client takes it, each turn's frames flushed; cut
 * when the client takes nothing for `idleMs`.
 */
export class Outlet {
  readonly #raw: ServerResponse;
  readonly #compressor: Gzip | BrotliCompress | undefined;
  readonly #idleMs: number;
  #flushing = false;
  #frames = '';
  #draining: Promise<void> | undefined;
  #turnAt = performance.now();

  /** Takes the response over from Fastify and sends its headers. */
  constructor(reply: FastifyReply, idleMs: number, coding?: Coding) {
    this.#idleMs = idleMs;
    if (coding) reply.header('content-encoding', coding);
    // No hook sees it leave, and a client that keeps its connection would hold up the end.
    if (reply.server.isDraining()) reply.header('connection', 'close');
    reply.hijack();
    this.#raw = reply.raw;
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) this.#raw.setHeader(name, value);
    this.#raw.writeHead(reply.statusCode);
    this.#raw.flushHeaders();
    if (coding) {
      this.#compressor = coding === 'gzip' ? createGzip() : createBrotliCompress(BROTLI);
      this.#compressor.pipe(this.#raw);
    }
  }

  /** True once the client has gone. */
  get gone(): boolean {
    return this.#raw.destroyed || this.#raw.writableFinished;
  }

  /**
   * Writes, after what came before; answers a promise to wait for only where the client has to catch up
   * first.
   */
  write(chunk: Uint8Array): Promise<void> | undefined {
    this.#flushFrames()?.catch(() => {});
    return this.#write(chunk);
  }

  /** Writes a frame: those that are ready together leave together, and none waits for a later one. */
  writeFrame(frame: string): Promise<void> | undefined {
    this.#frames += frame;
    if (this.#frames.length >= GATHERED) return this.#flushFrames() ?? this.#leaveTurn();
    if (this.#frames.length === frame.length) process.nextTick(() => this.#flushFrames());
    return this.#draining;
  }

  #leaveTurn(): Promise<void> | undefined {
    if (performance.now() - this.#turnAt < TURN_MS) return undefined;
    return nextTurn().then(() => void (this.#turnAt = performance.now()));
  }

  #flushFrames(): Promise<void> | undefined {
    const frames = this.#frames;
    this.#frames = '';
    return frames === '' || this.gone ? undefined : this.#write(frames);
  }

  #write(chunk: string | Uint8Array): Promise<void> | undefined {
    const stream = this.#compressor ?? this.#raw;
    const room = typeof chunk === 'string' ? stream.write(chunk) : stream.write(chunk, () => giveBack(chunk));
    this.#flushSoon();
    if (room || this.gone) return undefined;
    this.#draining ??= this.#drained().finally(() => (this.#draining = undefined));
    return this.#draining;
  }

  /** The last bytes: resolves when they have left codap, or the client has. */
  end(): Promise<void> {
    this.#flushFrames()?.catch(() => {});
    return new Promise((resolve) => {
      if (this.gone) return resolve();
      this.#raw.once('close', resolve);
      this.#raw.once('finish', resolve);
      this.#raw.setTimeout(this.#idleMs);
      (this.#compressor ?? this.#raw).end();
    });
  }

  /** Cuts the connection, so that nobody takes what was sent for the whole. */
  destroy(): void {
    this.#compressor?.destroy();
    cutAnswer(this.#raw);
  }

  #flushSoon(): void {
    if (!this.#compressor || this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      if (this.#compressor?.writable) this.#compressor.flush();
    });
  }

  #drained(): Promise<void> {
    const stream = this.#compressor ?? this.#raw;
    return new Promise((resolve) => {
      const done = (): void => {
        stream.off('drain', done);
        this.#raw.off('close', done);
        this.#raw.setTimeout(0);
        resolve();
      };
      stream.once('drain', done);
      this.#raw.once('close', done);
      // Node counts only time in which the socket's queue stays as long as it is, and then cuts it.
      this.#raw.setTimeout(this.#idleMs);
    });
  }
}
