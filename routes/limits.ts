import type { FastifyInstance } from 'fastify';
import type { Config } from '../src/config/load.ts';

/** `GET /limits`: what one request may ask for, and what the server grants it. */
export function limitsRoute(app: FastifyInstance, { limits, server }: Pick<Config, 'limits' | 'server'>): void {
  const { timeoutMs, maxTimeoutMs, maxInFlight, bufferBytes } = server;
  app.get('/limits', () => ({ limits, server: { timeoutMs, maxTimeoutMs, maxInFlight, bufferBytes } }));
}
