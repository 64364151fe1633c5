import type { OnReadOpts, Socket } from 'node:net';

/** Bytes read from a socket at once. */
const BYTES = 128 * 1024;
/** How many pieces of memory wait for their next use. */
const KEPT = 64;

const free: Buffer[] = [];
/** How many bytes the last read left in a piece of memory, while these are in use. */
const filled = new WeakMap<ArrayBufferLike, number>();

/**
 * Lets a socket be read into memory that is used again. New memory each time is what moving large bodies
 * spends most on. For the options of `net.connect` and `tls.connect`.
 */
export const intoReadMemory: OnReadOpts = {
  buffer: () => free.pop() ?? Buffer.allocUnsafeSlow(BYTES),
  callback(this: Socket, bytes, memory) {
    filled.set(memory.buffer, bytes);
    return this.push(memory.subarray(0, bytes));
  },
};

/**
 * The one who held this chunk is done with it. Its memory is used again only where the chunk is all that was
 * read into it: then nobody else can hold a part of it. Any other is left to the garbage collector.
 */
export function giveBack(chunk: Uint8Array): void {
  if (chunk.byteOffset !== 0 || filled.get(chunk.buffer) !== chunk.byteLength) return;
  filled.delete(chunk.buffer);
  if (free.length < KEPT) free.push(Buffer.from(chunk.buffer));
}
