import type { Caller } from '../../src/store/fetch.ts';
import { ACCEPTED } from '../http/decoders.ts';
import type { RestBody } from './body.ts';
import type { RestOptions } from './options.ts';

/** One request below the base URL, as `compile` made it: plain data. */
export interface RestQuery {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RestBody;
}

/** All headers: the configured ones win over the caller's, these over the query's, these over codap's own. */
export function requestHeaders(
  query: RestQuery,
  options: RestOptions,
  caller: Caller,
  encoded: boolean,
): Record<string, string> {
  const headers: Record<string, string> = { 'user-agent': options.userAgent };
  if (query.body) headers['content-type'] = query.body.contentType;
  if (caller.traceparent !== undefined) headers['traceparent'] = caller.traceparent;
  if (caller.traceparent !== undefined && caller.tracestate !== undefined) headers['tracestate'] = caller.tracestate;
  Object.assign(headers, query.headers);
  for (const name of options.forwardHeaders) {
    if (Object.hasOwn(caller.headers, name)) headers[name] = caller.headers[name] as string;
  }
  Object.assign(headers, options.headers);
  // A part of a compressed body cannot be read.
  headers['accept-encoding'] ??= encoded && headers['range'] === undefined ? ACCEPTED : 'identity';
  return headers;
}
