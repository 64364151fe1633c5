import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Encoding } from '../../encodings/encoding.ts';
import { negotiate } from '../../encodings/index.ts';
import { sse } from '../../encodings/sse.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a request is answered in, by its headers; unless told, what it likes best of all encodings. */
    answersIn?: (headers: IncomingHttpHeaders) => Encoding | undefined;
  }
}

/**
 * Whether it is an event source that has lost its stream. It comes back for ever, unless it is answered 204
 * (WHATWG HTML §9.2.3).
 */
export function comesBack(request: FastifyRequest): boolean {
  const { method, headers } = request;
  if (method !== 'GET' || headers['last-event-id'] === undefined) return false;
  // Fastify makes these anew each time that they are asked for.
  const { answersIn = likedBest } = request.routeOptions.config;
  return answersIn(headers) === sse;
}

const likedBest = (headers: IncomingHttpHeaders): Encoding | undefined => negotiate(headers)[0];

/** Tells it so. Who kept that for others would end their streams, too. */
export function sendNoMore(reply: FastifyReply): FastifyReply {
  return reply.code(204).header('cache-control', 'no-store').send();
}
