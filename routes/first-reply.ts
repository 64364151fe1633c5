import type { FastifyInstance } from 'fastify';
import { answer, batchRoute, type Service } from './answer.ts';

/** `POST /first-reply`: the replies in order of arrival. */
export function firstReplyRoute(app: FastifyInstance, service: Service): void {
  app.post('/first-reply', batchRoute('first-reply'), (request, reply) =>
    answer('first-reply', service, request, reply).then(() => reply),
  );
}
