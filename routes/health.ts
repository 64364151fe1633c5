import type { FastifyInstance } from 'fastify';
import { NOBODY } from '../src/callers/known-caller.ts';
import type { Admission } from '../src/service/admission.ts';
import type { Source } from '../src/sources/open.ts';
import { type Pingable, pinger, readinessOf } from '../src/service/ping.ts';
import { toldOf } from '../src/sources/told-failures.ts';

/** What readiness is judged by. */
export interface HealthDeps {
  readonly admission: Pick<Admission, 'draining'>;
  readonly sources: ReadonlyMap<string, Pingable & Pick<Source, 'layers'>>;
}

/**
 * `GET /health/live`: 200 while the process answers at all. `GET /health/ready`: 503 once draining; with
 * `?strict` also while a source is down. Of the sources it lists those that its caller may name.
 */
export function healthRoute(app: FastifyInstance, { admission, sources }: HealthDeps): void {
  const down = new Set<string>();
  const pings = pinger(sources.values(), (name, error) => {
    if (error.code === 'INTERNAL') {
      app.metrics.ownFaults += 1;
      app.log.error({ err: error, source: name }, 'a ping failed by our fault');
    } else if (!down.has(name))
      app.log.warn({ source: name, ...toldOf(error), err: error }, 'a source fails its pings');
    down.add(name);
  });
  app.get('/health/live', { config: { isOpen: true } }, () => ({ status: 'live' }));
  app.get('/health/ready', { config: { isOpen: true, flags: ['strict'] } }, async (request, reply) => {
    const pinged = admission.draining ? [] : await pings();
    // Sources may hang, and the end of the service may begin meanwhile.
    if (admission.draining) return reply.code(503).send({ status: 'draining' });
    for (const { name, status } of pinged)
      if (status === 'up' && down.delete(name)) app.log.info({ source: name }, 'a source answers pings again');
    const found = pinged.map((one) => readinessOf(one, sources.get(one.name)!.layers));
    const strict = Object.hasOwn(request.query as object, 'strict');
    const ready = !strict || found.every(({ status }) => status === 'up');
    const { caller } = request;
    const shown = found.filter(({ name }) => caller.sources.has(name));
    const status = ready ? 'ready' : 'unavailable';
    return reply.code(ready ? 200 : 503).send(caller === NOBODY ? { status } : { status, sources: shown });
  });
}
