import type { FastifyInstance } from 'fastify';
import { Work } from '../src/budget/work.ts';
import { perGrantOfLate } from '../src/callers/granted.ts';
import { writeBytes } from '../src/json/write.ts';
import { openapi } from '../src/openapi/document.ts';
import type { Service } from '../src/service/batches/service.ts';

/** `GET /openapi.json`: the interface of this service, with the sources and saved batches of who asks. */
export function openapiRoute(app: FastifyInstance, { config, sourcesFor, savedFor }: Service): void {
  const documentFor = perGrantOfLate(async (caller) => {
    const work = new Work(Infinity);
    const sources = [...sourcesFor(caller).values()];
    const document = await work.do(openapi(config, sources, work, savedFor(caller), caller));
    return work.do(writeBytes(document, 'plain', work));
  });
  app.get('/openapi.json', async ({ caller }, reply) =>
    reply.type('application/json; charset=utf-8').send(await documentFor(caller)),
  );
}
