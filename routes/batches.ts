import type { FastifyInstance } from 'fastify';
import { Work } from '../src/budget/work.ts';
import { perGrantOfLate } from '../src/callers/granted.ts';
import { writeBytes } from '../src/json/write.ts';
import type { SavedBatch } from '../src/saved/saved-batch.ts';
import type { Service } from '../src/service/batches/service.ts';

/** `GET /batches`: the saved batches that who asks may run, with what they take and what they answer in. */
export function batchesRoute(app: FastifyInstance, savedFor: Service['savedFor']): void {
  const batchesFor = perGrantOfLate(async (caller) => {
    const work = new Work(Infinity);
    return work.do(writeBytes({ batches: [...savedFor(caller).values()].map(told) }, 'plain', work));
  });
  app.get('/batches', async ({ caller }, reply) =>
    reply.type('application/json; charset=utf-8').send(await batchesFor(caller)),
  );
}

function told({ name, description, plan, params, encodings }: SavedBatch): object {
  return {
    name,
    ...(description !== undefined && { description }),
    pattern: plan.root.pattern,
    params: params.schema,
    mediaTypes: encodings.map(({ mediaType }) => mediaType),
  };
}
