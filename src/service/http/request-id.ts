import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The request's own `X-Request-Id` if it is 1 to 128 visible ASCII characters, else a new one. */
export function requestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\x21-\x7e]{1,128}$/.test(given) ? given : randomUUID();
}
