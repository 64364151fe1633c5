import type { Adapter } from './adapter.ts';
import { compileRest } from './rest/compile.ts';
import { describeRest } from './rest/describe.ts';
import { options, type RestOptions } from './rest/options.ts';
import { paramsWith, postParams, readParams } from './rest/params.ts';
import { requestSpan } from './rest/request-span.ts';
import { RestConnection } from './rest/rest-connection.ts';

export type { RestOptions } from './rest/options.ts';

/** HTTP APIs: reads what lies below one base URL. Redirects are not followed. */
export const rest: Adapter<RestOptions> = {
  options,
  files: ['openapi'],
  ops: {
    get: { params: readParams, streams: 'body' },
    head: { params: readParams, single: true },
    post: { params: postParams, streams: 'body' },
  },
  defaults: { concurrency: 512 },
  secrets: ({ headers }) => Object.values(headers),
  warnings: ({ pipelining }) => (pipelining > 1 ? [pipelined(pipelining)] : []),
  example: () => ({ op: 'get', params: { path: '/' } }),
  forwards: ({ forwardHeaders }) => forwardHeaders,
  ownParams: (op, { requestHeaders }) => paramsWith(op, requestHeaders),
  allows: (op, { methods }) => methods.some((method) => method === op),
  compile: compileRest,
  describe: describeRest,
  spanOf: requestSpan,
  open: (options) => Promise.resolve(new RestConnection(options)),
};

function pipelined(most: number): string {
  return (
    `pipelining: ${most} has one connection carry up to ${most} GETs, which the store answers in their order: ` +
    'a slow answer holds up those behind it, and where one is given up the others are asked again. ' +
    'It is for stores that answer at once'
  );
}
