import { hashOfValue } from '../../json/hash.ts';
import type { LayerFetch } from '../layer-context.ts';
import { hasKey } from '../key.ts';
import type { CountingLayer } from '../layer.ts';
import { SharedCall, UnderWay } from '../under-way.ts';

/**
 * Gathered queries that are the same, while one of them is under way, are one call. Each who waits keeps
 * their own deadline and leaves when they like; the call goes on to the latest of them, and ends when the
 * last has left. `timeoutMs`: the longest that one of them may wait, in milliseconds.
 */
export function coalesce(timeoutMs: number): CountingLayer<'coalesce'> {
  const underWay = new UnderWay();
  return {
    name: 'coalesce',
    bounds: (query, caller) => (query.want === 'value' && hasKey(query, caller) ? {} : undefined),
    state: () => ({ coalesced: underWay.joined }),
    wrap: (next) => {
      const fetch: LayerFetch = (query, context) => {
        if (query.want !== 'value') return next(query, context);
        if (context.signal.aborted) return Promise.reject(context.signal.reason as Error);
        const hash = (query.hash ??= hashOfValue(query.params));
        const other = underWay.find(hash, query, context);
        if (other) return other.join(context);
        return new SharedCall(underWay, hash, query, context, timeoutMs, fetch).begin(next);
      };
      return fetch;
    },
  };
}
