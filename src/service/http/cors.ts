import type { FastifyInstance } from 'fastify';

/** What an answer tells in headers, but for those that any page may read. */
const EXPOSED = 'codap-complete, content-disposition, content-range, etag, retry-after, server-timing, x-request-id';

/**
 * Lets pages of exactly these origins read answers, without credentials (Fetch standard, CORS protocol), and
 * answers preflights itself.
 */
export function cors(app: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  app.addHook('onRequest', ({ method, headers }, reply, done) => {
    const { origin } = headers;
    const allowed = origin !== undefined && origins.includes(origin);
    reply.header('vary', 'Origin');
    if (allowed) reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', EXPOSED);
    if (method !== 'OPTIONS' || origin === undefined || headers['access-control-request-method'] === undefined)
      return done();
    if (allowed) {
      reply.header('access-control-allow-methods', 'GET, HEAD, POST').header('access-control-max-age', '600');
      reply.header('access-control-allow-headers', headers['access-control-request-headers'] ?? 'content-type');
    }
    reply.code(204).send();
  });
}
