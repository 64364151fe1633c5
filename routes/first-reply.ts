import type { FastifyInstance } from 'fastify';
import { adHoc } from '../src/service/batches/ad-hoc.ts';
import { answer, batchRoute } from '../src/service/batches/answer-batch.ts';
import type { Service } from '../src/service/batches/service.ts';

/** `POST /first-reply`: the replies in order of arrival. */
export function firstReplyRoute(app: FastifyInstance, service: Service): void {
  const asking = adHoc('first-reply', service);
  app.post('/first-reply', batchRoute(asking), (request, reply) => answer(asking, service, request, reply));
}
