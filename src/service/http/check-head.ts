import type { FastifyReply, FastifyRequest } from 'fastify';
import { authorityOf } from './hosts.ts';
import { sendProblem } from './problem.ts';

/**
 * Whether what the head of a request says of its target and its body can be taken as it is; else answers it.
 * Node lets both pass: 400 for a target that is no path, no URL, and not the `*` of an OPTIONS (RFC 9112
 * §3.2), of which the router would leave out the first character; 501 for a body in another transfer coding
 * than `chunked` (§6.1).
 */
export function isHeadPlain({ raw }: FastifyRequest, reply: FastifyReply): boolean {
  const { url = '/', method, headers, httpVersion } = raw;
  if (!url.startsWith('/') && authorityOf(url) === undefined && !(url === '*' && method === 'OPTIONS')) {
    sendProblem(reply, { status: 400, detail: 'the request target must be a path or a URL; * is for OPTIONS alone' });
    return false;
  }
  const codings = headers['transfer-encoding'];
  if (codings === undefined) return true;
  // Who sent it on as HTTP/1.0 may not know where its body ends, whatever this says (§6.1).
  if (httpVersion === '1.0') reply.raw.shouldKeepAlive = false;
  if (/^[\s,]*chunked[\s,]*$/i.test(codings)) return true;
  reply.raw.shouldKeepAlive = false;
  sendProblem(reply, { status: 501, detail: 'the only transfer coding of a body is chunked' });
  return false;
}
