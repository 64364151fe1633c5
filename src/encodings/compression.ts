import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import type { FastifyReply } from 'fastify';
import Negotiator from 'negotiator';
import { BROTLI, type Coding } from './outlet.ts';
import { vary } from './vary.ts';

/** Below this many characters compressing costs more than it saves. */
const WORTHWHILE = 1400;

const compressors = {
  gzip: promisify(gzip),
  br: (text: string) => promisify(brotliCompress)(text, BROTLI),
} as const;

/** The coding the client would like (RFC 9110 §12.5.3), if any; says so in `Vary`. */
export function codingFor(reply: FastifyReply): Coding | undefined {
  vary(reply, 'Accept-Encoding');
  const coding = new Negotiator(reply.request.raw).encoding(['br', 'gzip', 'identity']);
  return coding === 'br' || coding === 'gzip' ? coding : undefined;
}

/** Sends a text, compressed where the client likes that and it pays; cut when the client takes nothing for `idleMs`. */
export async function sendText(reply: FastifyReply, text: string, idleMs: number): Promise<void> {
  const coding = codingFor(reply);
  const compressed = coding && text.length >= WORTHWHILE;
  const body = compressed ? await compressors[coding](text) : text;
  if (compressed) reply.header('content-encoding', coding);
  // Once the answer is out, Node goes back to the time that idle connections have.
  reply.raw.setTimeout(idleMs, () => reply.raw.destroy());
  reply.send(body);
}
