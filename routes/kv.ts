import type { FastifyInstance } from 'fastify';
import { adHoc } from '../src/service/batches/ad-hoc.ts';
import { answer, batchRoute } from '../src/service/batches/answer-batch.ts';
import type { Service } from '../src/service/batches/service.ts';

/** `POST /kv`: the replies keyed. */
export function kvRoute(app: FastifyInstance, service: Service): void {
  const asking = adHoc('kv', service);
  app.post('/kv', batchRoute(asking), (request, reply) => answer(asking, service, request, reply));
}
