import type { FastifyReply } from 'fastify';
import Negotiator from 'negotiator';
import { remembering } from '../../ground/remember.ts';
import type { Coding } from './outlet.ts';
import { vary } from './vary.ts';

/** What a negotiator takes beside what its types say. */
interface Preferring {
  encoding(available: readonly string[], options?: { readonly preferred: readonly string[] }): string | undefined;
}

/** The coding the client would like for what is compressed as it is sent. */
export const codingFor = codingAmong(['br', 'gzip']);

/**
 * Tells which of the codings that there are the client would like (RFC 9110 §12.5.3), of those that it likes
 * alike the first, if any; says so in `Vary`.
 */
export function codingAmong(there: readonly Coding[]): (reply: FastifyReply) => Coding | undefined {
  const preferred = remembering((accepted): Coding | undefined => {
    const negotiator: Preferring = new Negotiator({ headers: { 'accept-encoding': accepted } });
    const liked = negotiator.encoding([...there, 'identity'], { preferred: there });
    return there.find((coding) => coding === liked);
  });
  return (reply) => {
    vary(reply, 'Accept-Encoding');
    const { 'accept-encoding': accepted } = reply.request.raw.headers;
    return accepted === undefined ? undefined : preferred(accepted);
  };
}
