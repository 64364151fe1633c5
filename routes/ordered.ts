import type { FastifyInstance } from 'fastify';
import { adHoc } from '../src/service/batches/ad-hoc.ts';
import { answer, batchRoute } from '../src/service/batches/answer-batch.ts';
import type { Service } from '../src/service/batches/service.ts';

/** `POST /ordered`: the replies in the order asked. */
export function orderedRoute(app: FastifyInstance, service: Service): void {
  const asking = adHoc('ordered', service);
  app.post('/ordered', batchRoute(asking), (request, reply) => answer(asking, service, request, reply));
}
