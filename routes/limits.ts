import type { FastifyInstance } from 'fastify';
import type { Config } from '../src/config/load.ts';

/** `GET /limits`: what one request may ask for, and what the server grants who asks. */
export function limitsRoute(app: FastifyInstance, { limits, server }: Pick<Config, 'limits' | 'server'>): void {
  const { timeoutMs, maxTimeoutMs, maxInFlight, bufferBytes } = server;
  app.get('/limits', ({ caller }) => {
    const most = Math.min(maxTimeoutMs, caller.maxTimeoutMs);
    const granted = { timeoutMs: Math.min(timeoutMs, most), maxTimeoutMs: most };
    return { limits, server: { ...granted, maxInFlight, bufferBytes } };
  });
}
