import type { FastifyReply } from 'fastify';
import Negotiator from 'negotiator';
import { remembering } from '../../budget/remember.ts';
import type { Coding } from './outlet.ts';
import { vary } from './vary.ts';

/** The coding the client would like (RFC 9110 §12.5.3), if any; says so in `Vary`. */
export function codingFor(reply: FastifyReply): Coding | undefined {
  vary(reply, 'Accept-Encoding');
  const { 'accept-encoding': accepted } = reply.request.raw.headers;
  return accepted === undefined ? undefined : preferred(accepted);
}

const preferred = remembering((accepted): Coding | undefined => {
  const headers = { 'accept-encoding': accepted };
  const coding = new Negotiator({ headers }).encoding(['br', 'gzip', 'identity']);
  return coding === 'br' || coding === 'gzip' ? coding : undefined;
});
