import { joinedText, type Placeholder } from '../../src/store/placeholder.ts';
import type { ReportFault } from '../adapter.ts';
import { restBody } from './body.ts';
import { restHeaders } from './headers.ts';
import type { RestOptions } from './options.ts';
import type { RestParams } from './params.ts';
import { restPath, type Base } from './path.ts';
import { restQuery } from './query.ts';

/**
 * Checks each param where it will stand in the request, and puts the request together: a RestQuery. While a
 * batch is planned, references stand in it where they will be filled in.
 */
export function compileRest(
  _op: string,
  params: Record<string, unknown>,
  options: RestOptions,
  fault: ReportFault,
): unknown {
  const { path, query, headers, body } = params as unknown as RestParams;
  const below = restPath(path, baseOf(options), fault);
  const search = restQuery(query, fault);
  const request = { path: whole(below, search), headers: restHeaders(headers, options.requestHeaders, fault) };
  const posted = body === undefined ? undefined : restBody(body, fault);
  return posted ? { ...request, body: posted } : request;
}

function whole(path: string | Placeholder = '', search: string | Placeholder): string | Placeholder {
  if (typeof path === 'string' && typeof search === 'string') return path + search;
  return joinedText([path, search].flatMap((text) => (typeof text === 'string' ? text : text.parts)));
}

/** Of each source, read once. */
const bases = new WeakMap<RestOptions, Base>();

function baseOf(options: RestOptions): Base {
  let base = bases.get(options);
  if (!base) {
    const { origin, pathname } = new URL(options.url);
    bases.set(options, (base = { origin, pathname }));
  }
  return base;
}
