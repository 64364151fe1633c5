import type { FastifyReply } from 'fastify';
import Negotiator from 'negotiator';
import type { Coding } from './outlet.ts';
import { vary } from './vary.ts';

/** The coding the client would like (RFC 9110 §12.5.3), if any; says so in `Vary`. */
export function codingFor(reply: FastifyReply): Coding | undefined {
  vary(reply, 'Accept-Encoding');
  const coding = new Negotiator(reply.request.raw).encoding(['br', 'gzip', 'identity']);
  return coding === 'br' || coding === 'gzip' ? coding : undefined;
}
