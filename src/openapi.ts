import type { Config } from './config.ts';
import { answerSchemas } from './openapi/answers.ts';
import { batchPaths } from './openapi/batch-paths.ts';
import type { JsonSchema } from './openapi/json-schema.ts';
import { type Named, requestSchemas } from './openapi/queries.ts';
import { faults, headers } from './openapi/responses.ts';
import { servicePaths } from './openapi/service-paths.ts';
import { version } from './version.ts';

/** The service's interface (OpenAPI 3.1), made from the schemas that requests are checked by: names of sources and ops, never an address. */
export function openapi(config: Config, sources: Iterable<Named>): JsonSchema {
  const { adhoc } = config.server;
  return {
    openapi: '3.1.0',
    info: {
      title: 'codap',
      version: version(),
      description: 'One batch of datastore queries in, one answer out.',
      license: { name: 'BSD-3-Clause', identifier: 'BSD-3-Clause' },
    },
    servers: [{ url: './' }],
    paths: { ...(adhoc && batchPaths(config)), ...servicePaths },
    components: {
      schemas: { ...(adhoc && requestSchemas([...sources], config.limits)), ...answerSchemas },
      responses: faults,
      headers,
    },
  };
}
