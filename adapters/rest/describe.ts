import { parseExact } from '../../src/json/parse.ts';
import type { Caller, Query } from '../../src/store/fetch.ts';
import { ADDED, type Description } from '../adapter.ts';
import type { RestBody } from './body.ts';
import type { RestOptions } from './options.ts';
import { METHODS, RequestHeaders, type RestQuery } from './request.ts';

/** The request of a query: method, path with its query, headers, and what is posted. */
export function describeRest(query: Query, options: RestOptions, caller: Caller): Description {
  const { body, ...rest } = query.params as RestQuery;
  const params = body?.contentType === undefined ? rest : { ...rest, body };
  const fields = new RequestHeaders({ ...options, headers: masked(options.headers, ADDED.configured) });
  const { headers: list } = fields.of({ ...query, params }, anonymous(caller));
  const headers = Object.fromEntries(list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1]]] : [])));
  const posted = query.op === 'post' && body ? { body: shown(body) } : {};
  return {
    request: { method: METHODS[query.op], path: rest.path, headers: headers as object, ...posted },
    bound: query.want === 'value' && query.op !== 'head' ? { maxBytes: options.maxBytes } : {},
  };
}

/** A text as it stands, JSON as data. */
function shown(body: RestBody): unknown {
  if ('template' in body) return body.template;
  return body.contentType.startsWith('text/') ? body.text : parseExact(body.text);
}

/** A caller of whom no value is told. */
function anonymous({ headers, traceparent, tracestate }: Caller): Caller {
  const { forwarded } = ADDED;
  return {
    headers: masked(headers, forwarded),
    ...(traceparent !== undefined && { traceparent: forwarded }),
    ...(tracestate !== undefined && { tracestate: forwarded }),
  };
}

function masked(fields: object, by: string): Record<string, string> {
  return Object.fromEntries(Object.keys(fields).map((name) => [name, by]));
}
