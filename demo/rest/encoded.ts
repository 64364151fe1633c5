import { pipeline, Readable } from 'node:stream';
import { createBrotliCompress, createDeflate, createGzip } from 'node:zlib';
import type { Answer } from '../http/answer.ts';
import { json } from './route.ts';

const ENCODERS = { br: createBrotliCompress, deflate: createDeflate, gzip: createGzip };

/**
 * A JSON string that has `bytes` bytes once it is decoded; it is made while it is sent, so it may be a bomb.
 */
export function encoded(encoding: string, bytes: number): Answer {
  if (!Object.hasOwn(ENCODERS, encoding))
    return json({ error: `encoding may be ${Object.keys(ENCODERS).join(', ')}` }, 400);
  const encoder = ENCODERS[encoding as keyof typeof ENCODERS]();
  // An encoder that is left early is destroyed, and its source with it: no fault to report.
  const body = pipeline(Readable.from(quoted(bytes)), encoder, () => {});
  return { status: 200, headers: { 'content-type': 'application/json', 'content-encoding': encoding }, body };
}

function* quoted(bytes: number): Generator<Buffer> {
  const piece = Buffer.alloc(65_536, 'a');
  yield Buffer.from('"');
  for (let left = Math.max(0, bytes - 2); left > 0; left -= piece.length) yield piece.subarray(0, left);
  yield Buffer.from('"');
}
