import { expect, it } from 'vitest';
import type { IncomingHttpHeaders } from 'node:http';
import { freshnessOf } from '../../../adapters/rest/freshness-of.ts';
import { NOT_KEPT } from '../../../src/store/freshness.ts';
import { processorMs } from '../../processor-time.ts';

const NOW = Date.UTC(2026, 0, 1);
const at = (seconds: number) => new Date(NOW + seconds * 1000).toUTCString();
const fresh = (seconds: number, mayBeStale = true) => ({ mayBeKept: true, freshMs: seconds * 1000, mayBeStale });
const control = (text: string, more: IncomingHttpHeaders = {}): IncomingHttpHeaders => ({
  'cache-control': text,
  ...more,
});

/** Without a Cache-Control: what one said before goes on. */
const partial = (seconds: number) => ({ ...fresh(seconds), isPartial: true as const });
const fieldsOf = (headers: IncomingHttpHeaders) => ({ get: (name: string) => headers[name] });

it.each<[IncomingHttpHeaders, ReturnType<typeof freshnessOf>]>([
  [{}, undefined],
  [{ etag: '"1"', age: '5', date: at(0) }, undefined],
  [control('public'), fresh(Infinity)],
  // Not for a cache that many share.
  [control('no-store'), NOT_KEPT],
  [control('max-age=60, NO-STORE'), NOT_KEPT],
  [control('private'), NOT_KEPT],
  [control('private="set-cookie", max-age=60'), NOT_KEPT],
  [control('max-age=60, private'), NOT_KEPT],
  // For how long: RFC 9111 §4.2.1.
  [control('max-age=60'), fresh(60)],
  [control('max-age="60"'), fresh(60)],
  [control('public,max-age=60,immutable'), fresh(60)],
  [control('max-age=60, s-maxage=5'), fresh(5, false)],
  [control('s-maxage=60, max-age=5'), fresh(60, false)],
  [control('max-age=0'), fresh(0)],
  [control('max-age=-1'), fresh(0)],
  [control('max-age'), fresh(0)],
  [control('max-age=1.5'), fresh(0)],
  [control('max-age=60, max-age=60'), fresh(60)],
  [control('max-age=60, max-age=5'), fresh(0)],
  [control('x-max-age=60'), fresh(Infinity)],
  [control('ext="max-age=5, no-store"'), fresh(Infinity)],
  [{ expires: at(60), date: at(0) }, partial(60)],
  [{ expires: at(60) }, partial(60)],
  [{ expires: at(-60), date: at(0) }, partial(0)],
  [{ expires: '0' }, partial(0)],
  [control('max-age=60', { expires: at(5), date: at(0) }), fresh(60)],
  [control('public', { expires: at(5), date: at(0) }), fresh(5)],
  // Another cache had it for a while: §4.2.3.
  [control('max-age=60', { age: '50' }), fresh(10)],
  [control('max-age=60', { age: '70' }), fresh(0)],
  [control('max-age=60', { age: 'x' }), fresh(60)],
  // Never without asking: §5.2.2.
  [control('no-cache'), fresh(0, false)],
  [control('no-cache="set-cookie", max-age=60'), fresh(0, false)],
  [control('max-age=60, must-revalidate'), fresh(60, false)],
  [control('max-age=60, proxy-revalidate'), fresh(60, false)],
  // Whatever requests differ in is a part of their key, but for the trace: §4.1.
  [{ vary: 'accept, accept-encoding' }, partial(Infinity)],
  [{ vary: '*' }, NOT_KEPT],
  [{ vary: 'accept, *' }, NOT_KEPT],
  [{ vary: 'Accept,TraceParent' }, NOT_KEPT],
  [{ vary: 'x-traceparent-id' }, partial(Infinity)],
])('what %j says of keeping an answer', (headers, expected) => {
  expect(freshnessOf(fieldsOf(headers), NOW)).toEqual(expected);
});

it('is read in little time, whatever a store sends', () => {
  const started = processorMs();
  for (const text of [
    '"'.repeat(16_000),
    '=,'.repeat(8000),
    'a="\\'.repeat(4000),
    'a'.repeat(16_000),
    ', '.repeat(8000),
  ])
    freshnessOf(fieldsOf({ 'cache-control': text, vary: text }), NOW);
  expect(processorMs() - started).toBeLessThan(200);
});
