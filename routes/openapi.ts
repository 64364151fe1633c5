import type { FastifyInstance } from 'fastify';
import { openapi } from '../src/openapi/document.ts';
import type { Service } from './answer.ts';

/** `GET /openapi.json`: the interface of this service, with its sources' names. */
export function openapiRoute(app: FastifyInstance, { config, sources }: Service): void {
  const document = JSON.stringify(openapi(config, [...sources.values()]));
  app.get('/openapi.json', (_request, reply) => reply.type('application/json; charset=utf-8').send(document));
}
