import { Agent, request } from 'undici';
import { joinedLookup } from '../ground/joined-lookup.ts';

/** Bytes of a key set; beyond it, none is taken. */
const MOST_BYTES = 256 * 1024;

/** Milliseconds that a key set may take. */
const WITHIN_MS = 2000;

const dispatcher = new Agent({ connect: { lookup: joinedLookup } });

/**
 * Fetches a set of public keys as the JSON that it is, whatever it is called. A redirect, any other status
 * than 200, what is too large or takes longer than `withinMs` milliseconds throws.
 */
export async function fetchKeySet(url: string, withinMs = WITHIN_MS): Promise<unknown> {
  const { statusCode, body } = await request(url, {
    dispatcher,
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(withinMs),
    // Asked for so rarely that no connection is kept for it.
    reset: true,
  });
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > MOST_BYTES) throw new Error(`the key set has more than ${MOST_BYTES} bytes`);
    pieces.push(piece);
  }
  if (statusCode !== 200) throw new Error(`the key set was answered with status ${statusCode}`);
  return JSON.parse(Buffer.concat(pieces).toString()) as unknown;
}
