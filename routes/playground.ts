import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { codingAmong } from '../src/service/http/compression.ts';
import { NONCE, type Playground } from '../src/service/playground-files.ts';

/**
 * What the page may do: it asks nobody but codap. Pictures that a person asks to see, by their address in an
 * answer, may come from any store.
 */
const policyOf = (nonce: string): string =>
  [
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    ['img-src', "'self'", 'data:', 'blob:', 'http:', 'https:'].join(' '),
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ].join('; ');

/** The files hold for a worker, too, which is bound by what came with it. */
const FILE_POLICY = "default-src 'none'; connect-src 'self'";

/** The files are compressed once, in this coding alone. */
const packedFor = codingAmong(['gzip']);

/** `GET /`: the playground. What it is made of has names that change with it, and may be kept for a year. */
export function playgroundRoute(app: FastifyInstance, { page, files }: Playground): void {
  app.get('/', { config: { isOpen: true } }, (_request, reply) => {
    const nonce = randomBytes(16).toString('base64');
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', policyOf(nonce))
      .header('cache-control', 'no-store')
      .header('referrer-policy', 'no-referrer')
      .send(page.replaceAll(NONCE, nonce));
  });
  for (const [name, { type, plain, gzipped }] of files)
    app.get(`/playground/${name}`, { config: { isOpen: true } }, (_request, reply) => {
      const isPacked = packedFor(reply) === 'gzip';
      if (isPacked) reply.header('content-encoding', 'gzip');
      return reply
        .type(type)
        .header('cache-control', 'public, max-age=31536000, immutable')
        .header('content-security-policy', FILE_POLICY)
        .send(isPacked ? gzipped : plain);
    });
}
