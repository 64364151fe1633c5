import type { FastifyInstance } from 'fastify';
import { adHoc } from './ad-hoc.ts';
import { answer, batchRoute, type Service } from './answer.ts';

/** `POST /kv`: the replies keyed. */
export function kvRoute(app: FastifyInstance, service: Service): void {
  const asking = adHoc('kv', service);
  app.post('/kv', { config: batchRoute(asking) }, (request, reply) => answer(asking, service, request, reply));
}
