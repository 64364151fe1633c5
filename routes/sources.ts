import type { FastifyInstance } from 'fastify';
import type { Source } from '../src/sources/open.ts';

/** `GET /sources`: names, adapters and allowed ops; never an address. */
export function sourcesRoute(
  app: FastifyInstance,
  sources: ReadonlyMap<string, Pick<Source, 'name' | 'adapter' | 'ops'>>,
): void {
  app.get('/sources', () => ({
    sources: [...sources.values()].map(({ name, adapter, ops }) => ({ name, adapter, ops })),
  }));
}
