import type { FastifyInstance } from 'fastify';
import type { Admission } from '../src/admission.ts';
import { type Pingable, pinger } from '../src/ping.ts';

/** What readiness is judged by. */
export interface HealthDeps {
  readonly admission: Pick<Admission, 'draining'>;
  readonly sources: ReadonlyMap<string, Pingable>;
}

/** `GET /health/live`: 200 while the process answers at all. `GET /health/ready`: 503 once draining; with `?strict` also while a source is down. */
export function healthRoute(app: FastifyInstance, { admission, sources }: HealthDeps): void {
  const pings = pinger(sources.values());
  app.get('/health/live', () => ({ status: 'live' }));
  app.get('/health/ready', { config: { flags: ['strict'] } }, async (request, reply) => {
    const found = await pings();
    const down = found.some(({ status }) => status === 'down');
    const strict = Object.hasOwn(request.query as object, 'strict');
    const status = admission.draining ? 'draining' : strict && down ? 'unavailable' : 'ready';
    if (status !== 'ready') reply.code(503);
    return { status, sources: found };
  });
}
