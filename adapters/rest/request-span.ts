import type { CallSpan } from '../../src/store/call-trace.ts';
import type { Query } from '../../src/store/fetch.ts';
import { MOST_STATEMENT } from '../adapter.ts';
import { serverAttributes } from '../http/server-attributes.ts';
import type { RestQuery } from './request.ts';

/** A request by the conventions of HTTP. Its URL holds values. */
export function requestSpan(
  { op, params }: Pick<Query, 'op' | 'params'>,
  { url }: { readonly url: string },
  withValues: boolean,
): CallSpan {
  const method = op.toUpperCase();
  const full = (): string => (new URL(url).origin + (params as RestQuery).path).slice(0, MOST_STATEMENT);
  return {
    name: method,
    attributes: {
      'http.request.method': method,
      ...serverAttributes(url),
      ...(withValues && { 'url.full': full() }),
    },
  };
}
