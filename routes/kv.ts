import type { FastifyInstance } from 'fastify';
import { answer, batchRoute, type Service } from './answer.ts';

/** `POST /kv`: the replies keyed. */
export function kvRoute(app: FastifyInstance, service: Service): void {
  app.post('/kv', batchRoute('kv'), (request, reply) => answer('kv', service, request, reply).then(() => reply));
}
