import type { FastifyInstance } from 'fastify';
import { adHoc } from './ad-hoc.ts';
import { answer, batchRoute, type Service } from './answer.ts';

/** `POST /first-reply`: the replies in order of arrival. */
export function firstReplyRoute(app: FastifyInstance, service: Service): void {
  const asking = adHoc('first-reply', service);
  app.post('/first-reply', { config: batchRoute(asking) }, (request, reply) => answer(asking, service, request, reply));
}
