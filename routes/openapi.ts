import type { FastifyInstance } from 'fastify';
import { openapi } from '../src/openapi/document.ts';
import type { SavedBatch } from '../src/saved/saved-batch.ts';
import type { Service } from './answer.ts';

/** `GET /openapi.json`: the interface of this service, with the names of its sources and saved batches. */
export function openapiRoute(
  app: FastifyInstance,
  { config, sources }: Service,
  saved: ReadonlyMap<string, SavedBatch>,
): void {
  const document = JSON.stringify(openapi(config, [...sources.values()], saved));
  app.get('/openapi.json', (_request, reply) => reply.type('application/json; charset=utf-8').send(document));
}
