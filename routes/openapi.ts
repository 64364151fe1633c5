import type { FastifyInstance } from 'fastify';
import { perCaller } from '../src/callers/granted.ts';
import { openapi } from '../src/openapi/document.ts';
import type { Service } from '../src/service/batches/conduct.ts';

/** `GET /openapi.json`: the interface of this service, with the sources and saved batches of who asks. */
export function openapiRoute(app: FastifyInstance, { config, sourcesFor, savedFor }: Service): void {
  const documentFor = perCaller((caller) =>
    JSON.stringify(openapi(config, [...sourcesFor(caller).values()], savedFor(caller), caller)),
  );
  app.get('/openapi.json', ({ caller }, reply) =>
    reply.type('application/json; charset=utf-8').send(documentFor(caller)),
  );
}
