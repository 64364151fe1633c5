import type { FastifyInstance } from 'fastify';
import type { SavedBatch } from '../src/saved/saved-batch.ts';

/** `GET /batches`: the saved batches, with what they take and what they answer in. */
export function batchesRoute(app: FastifyInstance, saved: ReadonlyMap<string, SavedBatch>): void {
  const batches = [...saved.values()].map(({ name, description, plan, params, encodings }) => ({
    name,
    ...(description !== undefined && { description }),
    pattern: plan.root.pattern,
    params: params.schema,
    mediaTypes: encodings.map(({ mediaType }) => mediaType),
  }));
  app.get('/batches', () => ({ batches }));
}
