import { once } from 'node:events';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Fault } from '../faults.ts';

/** Bytes in one piece, or in pieces made while they are sent. */
export type Content = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** What an embedded HTTP store answers. */
export interface Answer {
  status: number;
  headers?: OutgoingHttpHeaders;
  body?: Content;
}

/**
 * Sends an answer no faster than the client reads it; a `cut` or `drip` happens on the way. Rejects when
 * `signal` aborts.
 */
export async function send(
  response: ServerResponse,
  answer: Answer,
  signal: AbortSignal,
  fault?: Fault,
): Promise<void> {
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  if (body instanceof Uint8Array) response.setHeader('content-length', body.byteLength);
  response.writeHead(answer.status, answer.headers);
  if (body === undefined || response.req.method === 'HEAD') return void response.end();
  if (body instanceof Uint8Array && fault === undefined) return void response.end(body);
  let room = fault?.kind === 'cut' ? (fault.afterBytes ?? 0) : Infinity;
  for await (const piece of pieces(body, fault, signal)) {
    if (piece.byteLength > room) return cut(response, piece.subarray(0, room));
    room -= piece.byteLength;
    if (!response.write(piece)) await once(response, 'drain', { signal });
  }
  response.end();
}

async function* pieces(
  body: Exclude<Content, string>,
  fault: Fault | undefined,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const whole = body instanceof Uint8Array ? [body] : body;
  const perSecond = fault?.kind === 'drip' ? fault.bytesPerSecond : Infinity;
  const perTick = Math.max(1, Math.floor(perSecond / 20));
  for await (const chunk of whole) {
    for (let at = 0; at < chunk.byteLength; at += perTick) {
      yield chunk.subarray(at, at + perTick);
      if (perSecond < Infinity) await setTimeout((perTick * 1000) / perSecond, undefined, { signal });
    }
  }
}

async function cut(response: ServerResponse, last: Uint8Array): Promise<void> {
  response.flushHeaders();
  if (last.byteLength > 0) await new Promise((resolve) => response.write(last, resolve));
  // Headers are written on the next turn; destroying the socket sooner would lose them.
  await setImmediate();
  response.destroy();
}
