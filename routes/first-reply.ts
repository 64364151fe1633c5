import type { FastifyInstance } from 'fastify';
import { answer, type Service } from './answer.ts';

/** `POST /first-reply`: the replies in order of arrival. */
export function firstReplyRoute(app: FastifyInstance, service: Service): void {
  app.post('/first-reply', { config: { pattern: 'first-reply' } }, (request, reply) =>
    answer('first-reply', service, request, reply).then(() => reply),
  );
}
