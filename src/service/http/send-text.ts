import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import type { FastifyReply } from 'fastify';
import type { Piece, Text } from '../../json/text.ts';
import { endOfTurn } from '../../ground/end-of-turn.ts';
import { isLoopHeld } from '../../budget/turns.ts';
import type { Work } from '../../budget/work.ts';
import { codingFor } from './compression.ts';
import { BROTLI, Outlet } from './outlet.ts';

/** Below this many characters compressing costs more than it saves. */
const WORTHWHILE = 1400;
/** Up to this many characters a text is short. */
const SHORT = 8192;
/** Up to this many characters a text is sent in one piece. */
const WHOLE = 262_144;

const compressors = {
  gzip: promisify(gzip),
  br: (text: string | Buffer) => promisify(brotliCompress)(text, BROTLI),
} as const;

/** How a text is sent. */
export interface Sending {
  /** Milliseconds after which a client that takes nothing is cut. */
  readonly idleMs: number;
  readonly work: Work;
}

/**
 * Sends a text as the whole answer, compressed where the client likes that and it pays. What is large goes
 * piece by piece, in turns with others.
 */
export async function sendText(reply: FastifyReply, text: Text, { idleMs, work }: Sending): Promise<void> {
  const coding = codingFor(reply);
  if (text.length > WHOLE) {
    if (!coding) reply.header('content-length', await bytesIn(text, work));
    const outlet = new Outlet(reply, idleMs, coding);
    await writeSlices(outlet, text.slices(), work);
    return outlet.end();
  }
  const compressed = coding && text.length >= WORTHWHILE;
  // Node writes a short text together with the head; bytes would be a second piece.
  const whole = text.length <= SHORT ? text.toString() : text.toBuffer();
  const body = compressed ? await compressors[coding](whole) : whole;
  if (compressed) reply.header('content-encoding', coding);
  await endOfTurn();
  reply.send(body);
}

/** Writes one slice after the other, in turns with others, until the client has gone. */
export async function writeSlices(outlet: Outlet, slices: Iterable<Piece>, work: Work): Promise<void> {
  for (const slice of slices) {
    if (outlet.gone) return;
    await outlet.write(typeof slice === 'string' ? Buffer.from(slice) : slice);
    if (!isLoopHeld()) continue;
    try {
      await work.turn();
    } catch {
      // The batch has ended meanwhile. What has begun is written all the same, unless the client has gone.
    }
  }
}

async function bytesIn(text: Text, work: Work): Promise<number> {
  let bytes = 0;
  for (const slice of text.slices()) {
    bytes += typeof slice === 'string' ? Buffer.byteLength(slice) : slice.length;
    if (isLoopHeld()) await work.turn();
  }
  return bytes;
}
