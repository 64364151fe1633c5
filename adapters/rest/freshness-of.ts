import { remembering } from '../../src/ground/remember.ts';
import { NOT_KEPT, type Freshness } from '../../src/store/freshness.ts';
import { agreed, listed } from '../http/field-values.ts';
import { httpDate } from '../http/http-date.ts';
import type { AnswerFields } from './fields.ts';

/** A directive of `cache-control`, with its argument if any (RFC 9111 §5.2). */
const DIRECTIVE = /([\w!#$%&'*+.^`|~-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?/g;

/** What those directives say that matter to a cache that many share. */
interface Control {
  readonly mayBeKept: boolean;
  readonly mayBeStale: boolean;
  /** Milliseconds from the answer's making; undefined where they name none. */
  readonly lifetimeMs: number | undefined;
}

const SILENT: Control = { mayBeKept: true, mayBeStale: true, lifetimeMs: undefined };

/**
 * What an answer's fields say about keeping it, to a cache that many share (RFC 9111); undefined where they
 * say nothing. Whatever a request of codap's may differ in from another is a part of its key, so `vary`
 * matters only where it names what is none: everything, or the trace.
 */
export function freshnessOf(fields: AnswerFields, now = Date.now()): Freshness | undefined {
  const vary = fields.get('vary');
  const expires = fields.get('expires');
  const control = fields.get('cache-control');
  if (control === undefined && vary === undefined && expires === undefined) return undefined;
  const { mayBeKept, mayBeStale, lifetimeMs } = control === undefined ? SILENT : controlIn(listed(control));
  if (!mayBeKept || (vary !== undefined && /(?:^|[\s,])(?:\*|traceparent|tracestate)(?:$|[\s,])/i.test(listed(vary))))
    return NOT_KEPT;
  const lifetime =
    lifetimeMs ?? (expires === undefined ? Infinity : untilExpired(agreed(expires), agreed(fields.get('date')), now));
  // An answer out of a cache of the store's has spent some of it (RFC 9111 §4.2.3).
  const freshMs = Math.max(0, lifetime - secondsIn(agreed(fields.get('age')), 0) * 1000);
  return { mayBeKept, mayBeStale, freshMs, ...(control === undefined && { isPartial: true }) };
}

const controlIn = remembering((text): Control => {
  const said = new Map<string, string>();
  for (const [, name = '', quoted, bare = ''] of text.matchAll(DIRECTIVE)) {
    const key = name.toLowerCase();
    // Of two that contradict each other, neither can be relied on (RFC 9111 §4.2.1).
    said.set(key, said.has(key) && said.get(key) !== (quoted ?? bare) ? '' : (quoted ?? bare));
  }
  const age = said.get('s-maxage') ?? said.get('max-age');
  const mustBeAsked = said.has('no-cache');
  return {
    mayBeKept: !said.has('no-store') && !said.has('private'),
    mayBeStale: !['no-cache', 'must-revalidate', 'proxy-revalidate', 's-maxage'].some((name) => said.has(name)),
    lifetimeMs: mustBeAsked ? 0 : age === undefined ? undefined : secondsIn(age, 0) * 1000,
  };
});

/** A date that cannot be read has passed (RFC 9111 §5.3). */
function untilExpired(expires: string | undefined, date: string | undefined, now: number): number {
  return (
    ((expires === undefined ? undefined : httpDate(expires)) ?? -Infinity) -
    ((date === undefined ? undefined : httpDate(date)) ?? now)
  );
}

function secondsIn(text: string | undefined, otherwise: number): number {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : otherwise;
}
