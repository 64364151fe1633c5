import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { PROBLEM } from '../../encodings/media-types.ts';
import { BadRequest } from '../../json/fault-list.ts';
import { CodapError } from '../../errors.ts';
import { type AnsweringSocket, cut } from './cut-connection.ts';
import { askToWait, phraseOf, type Problem, problemText, sendProblem } from './problem.ts';
import { refuseType } from './json-body.ts';
import { isHeldBack } from './expectations.ts';
import { noteOwnFault } from './note-own-fault.ts';
import { requestId } from './request-id.ts';

const FAILED = 'a request failed by our fault';

/** Answers whatever a route throws; nothing of an unforeseen error but its status reaches the client. */
export function answerFault(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  if (!request.raw.complete) {
    // What is left of a body that was refused midway is read and thrown away, and a connection that is kept
    // stays open: who read the body would have closed it.
    if (reply.raw.shouldKeepAlive && !isHeldBack(request.raw)) reply.removeHeader('connection');
    request.raw.resume();
  }
  if (error instanceof BadRequest) {
    return sendProblem(reply, { status: 400, detail: error.message, errors: error.errors });
  }
  if (error instanceof CodapError) {
    if (error.code === 'INTERNAL') noteOwnFault(request, error, FAILED);
    const { code, message, source, http, retryAfterMs } = error;
    askToWait(reply, retryAfterMs);
    return sendProblem(reply, { status: http, detail: message, code, source });
  }
  const { code, statusCode = 500 } = Object(error) as Partial<FastifyError>;
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return refuseType(reply);
  if (statusCode < 400 || statusCode >= 500) {
    // A body that broke off is no fault of codap's, and nobody is there any more.
    if (error === null || error !== request.raw.errored) noteOwnFault(request, error, FAILED);
    return sendProblem(reply, { status: 500, code: 'INTERNAL' });
  }
  const tooLarge = code === 'FST_ERR_CTP_BODY_TOO_LARGE';
  const detail = tooLarge ? `the body may have at most ${request.routeOptions.bodyLimit} bytes` : undefined;
  sendProblem(reply, { status: statusCode, detail });
}

const UNREADABLE: Readonly<Record<string, Problem>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'the request took too long to arrive' },
  HPE_HEADER_OVERFLOW: { status: 431 },
};

/** Answers a request that could not be read as HTTP, or its body so, and closes its connection. */
export function answerUnreadable(
  error: NodeJS.ErrnoException,
  socket: AnsweringSocket & { secureConnecting?: boolean },
): void {
  // Where no TLS was agreed on, there is nothing in which to answer.
  if (socket.secureConnecting) return void socket.destroy();
  // There is one where the head was read.
  const response = socket._httpMessage;
  if (error.code === 'ECONNRESET' || !socket.writable || response?.headersSent) return cut(socket);
  const problem = UNREADABLE[error.code ?? ''] ?? { status: 400, detail: 'this is not HTTP/1.1' };
  // As such it is counted, though it is written past it; but who ends in the middle of a request has left.
  if (response && error.code !== 'HPE_INVALID_EOF_STATE') response.statusCode = problem.status;
  endWith(problem, socket, response?.req);
}

/** Answers a request for a tunnel (RFC 9110 §9.3.6), and closes its connection. */
export function answerConnect(request: IncomingMessage, socket: Duplex): void {
  socket.on('error', () => {});
  endWith({ status: 501, detail: 'this is no proxy' }, socket, request);
}

function endWith(problem: Problem, socket: Duplex, request: Pick<IncomingMessage, 'headers'> = { headers: {} }): void {
  const body = problemText(problem);
  const id = requestId(request);
  const head = [
    `HTTP/1.1 ${problem.status} ${phraseOf(problem.status)}`,
    // Node, which this is written past, would say it.
    `Date: ${new Date().toUTCString()}`,
    `Content-Type: ${PROBLEM}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${id}`,
    'X-Content-Type-Options: nosniff',
    'Cache-Control: no-store',
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
