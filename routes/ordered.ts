import type { FastifyInstance } from 'fastify';
import { answer, batchRoute, type Service } from './answer.ts';

/** `POST /ordered`: the replies in the order asked. */
export function orderedRoute(app: FastifyInstance, service: Service): void {
  app.post('/ordered', batchRoute('ordered'), (request, reply) =>
    answer('ordered', service, request, reply).then(() => reply),
  );
}
