import type { Call } from '../http/call.ts';
import { S3Failure } from './failure.ts';

/**
 * The bytes to store: the body, taken out of its `aws-chunked` framing if it has one, signed or not, with
 * trailers or not.
 */
export async function receive(call: Call): Promise<Buffer> {
  const body = await call.body();
  const framed =
    /\baws-chunked\b/.test(call.header('content-encoding') ?? '') ||
    call.header('x-amz-content-sha256')?.startsWith('STREAMING-');
  if (!framed) return body;
  const bytes = unframe(body);
  const expected = call.header('x-amz-decoded-content-length');
  if (expected !== undefined && Number(expected) !== bytes.length) throw new S3Failure('IncompleteBody');
  return bytes;
}

/**
 * What was sent in chunks of `<hexadecimal size>[;chunk-signature=…]\r\n<bytes>\r\n`, up to the chunk of size
 * 0.
 */
export function unframe(body: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const end = body.indexOf('\r\n', at);
    const size = end < 0 ? undefined : /^[0-9a-f]+/i.exec(body.toString('latin1', at, Math.min(end, at + 16)))?.[0];
    if (size === undefined) throw new S3Failure('IncompleteBody');
    const length = Number.parseInt(size, 16);
    if (length === 0) return Buffer.concat(chunks);
    const start = end + 2;
    if (start + length + 2 > body.length) throw new S3Failure('IncompleteBody');
    chunks.push(body.subarray(start, start + length));
    at = start + length + 2;
  }
}
