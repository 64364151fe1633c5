import type { Steps, Work } from '../budget/work.ts';
import type { Config } from '../config/load.ts';
import { ANYONE, type Grant } from '../callers/known-caller.ts';
import { answerSchemas } from './answers.ts';
import { batchPaths } from './batch-paths.ts';
import type { SavedBatch } from '../saved/saved-batch.ts';
import { savedPaths, savedSchemas } from './saved-paths.ts';
import type { JsonSchema } from './schema-of.ts';
import { type Named, requestSchemas } from './queries.ts';
import { faults, headers } from './responses.ts';
import { mcpPaths } from './mcp-paths.ts';
import { secured } from './secured.ts';
import { metricsPaths, playgroundPaths, servicePaths } from './service-paths.ts';
import { version } from '../version.ts';

/**
 * The service's interface (OpenAPI 3.1), made from the schemas that requests are checked by: names of
 * sources, ops and saved batches, never an address. For a caller it has what is there for it. Made in turns:
 * there may be many saved batches.
 */
export function* openapi(
  config: Pick<Config, 'server' | 'limits'>,
  sources: readonly Named[],
  work: Work,
  saved: ReadonlyMap<string, SavedBatch> = new Map(),
  caller: Grant = ANYONE,
): Steps<JsonSchema> {
  const { mcp, metricsPort, playground } = config.server;
  const adhoc = config.server.adhoc && caller.adhoc;
  const document = {
    openapi: '3.1.0',
    info: {
      title: 'codap',
      version: version(),
      description:
        'One batch of datastore queries in, one answer out. Whatever answers GET answers HEAD, too, without the body.',
      license: { name: 'BSD-3-Clause', identifier: 'BSD-3-Clause' },
    },
    servers: [{ url: './' }],
    paths: {
      ...(adhoc && batchPaths(sources)),
      ...(mcp && mcpPaths),
      ...(yield* savedPaths(saved, caller, work)),
      ...servicePaths,
      ...(playground && playgroundPaths),
      ...(metricsPort === undefined && caller.metrics && metricsPaths),
    },
    components: {
      schemas: {
        ...(adhoc && requestSchemas(sources, config.limits)),
        ...answerSchemas,
        ...(yield* savedSchemas(saved, work)),
      },
      responses: faults,
      headers,
    },
  };
  return caller === ANYONE ? { ...document, security: [] } : secured(document);
}
