import type { FastifyInstance } from 'fastify';
import type { Grant } from '../src/callers/known-caller.ts';
import { statesOf } from '../src/sources/layer.ts';
import type { Source } from '../src/sources/open.ts';

/**
 * `GET /sources`: names, adapters, allowed ops, and how the layers stand, of those that who asks may name;
 * never an address.
 */
export function sourcesRoute(
  app: FastifyInstance,
  sourcesFor: (caller: Grant) => ReadonlyMap<string, Pick<Source, 'name' | 'adapter' | 'ops' | 'layers'>>,
): void {
  app.get('/sources', ({ caller }) => ({
    sources: [...sourcesFor(caller).values()].map(({ name, adapter, ops, layers }) => ({
      name,
      adapter,
      ops,
      layers: statesOf(layers),
    })),
  }));
}
