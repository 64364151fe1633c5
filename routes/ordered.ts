import type { FastifyInstance } from 'fastify';
import { adHoc } from './ad-hoc.ts';
import { answer, batchRoute, type Service } from './answer.ts';

/** `POST /ordered`: the replies in the order asked. */
export function orderedRoute(app: FastifyInstance, service: Service): void {
  const asking = adHoc('ordered', service);
  app.post('/ordered', { config: batchRoute(asking) }, (request, reply) => answer(asking, service, request, reply));
}
