import type { FastifyInstance } from 'fastify';
import { statesOf } from '../src/sources/layer.ts';
import type { Source } from '../src/sources/open.ts';

/** `GET /sources`: names, adapters, allowed ops, and how the layers stand; never an address. */
export function sourcesRoute(
  app: FastifyInstance,
  sources: ReadonlyMap<string, Pick<Source, 'name' | 'adapter' | 'ops' | 'layers'>>,
): void {
  app.get('/sources', () => ({
    sources: [...sources.values()].map(({ name, adapter, ops, layers }) => ({
      name,
      adapter,
      ops,
      layers: statesOf(layers),
    })),
  }));
}
