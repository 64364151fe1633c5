import { setTimeout } from 'node:timers/promises';
import type { Answer } from '../http/answer.ts';
import type { Call } from '../http/call.ts';
import { parseRange } from '../http/range.ts';
import { synthetic } from '../synthetic.ts';
import { encoded } from './encoded.ts';
import { get, json, of, type Route } from './route.ts';

/** Addresses that answer in every way a REST service may, for tests. */
export const PROBES: readonly Route[] = [
  { methods: [], pattern: /^\/echo(?:\/.*)?$/, answer: echo },
  { methods: [], pattern: /^\/status\/([2-5]\d\d)$/, answer: status },
  get(/^\/redirect$/, (call) => ({
    status: call.number('status', 302),
    headers: { location: call.query.get('to') ?? '/text' },
  })),
  get(/^\/big$/, big),
  get(/^\/text$/, () => of('text/plain; charset=utf-8', 'Grüße from the demo\n')),
  get(/^\/bytes$/, () =>
    of(
      'application/octet-stream',
      Uint8Array.from({ length: 256 }, (_, at) => at),
    ),
  ),
  get(/^\/json\/bad$/, () => json('{"sku": "B-101", "price": ')),
  get(/^\/json\/big-int$/, () =>
    json('{"id": 9007199254740993, "ids": [18446744073709551615, -9007199254740993], "small": 1}'),
  ),
  get(/^\/json\/deep$/, (call) => {
    const depth = call.number('depth', 100);
    return json('['.repeat(depth) + ']'.repeat(depth));
  }),
  get(/^\/slow$/, async (call) => {
    const ms = call.number('ms', 1000);
    await setTimeout(ms, undefined, { signal: call.signal });
    return json({ ms });
  }),
  get(/^\/gzip$/, (call) => encoded(call.query.get('encoding') ?? 'gzip', call.number('bytes', 100))),
  get(/^\/no-content$/, () => ({ status: 204 })),
];

/**
 * What was received: path and search as they came, the query also taken apart (a repeated key has a list).
 */
async function echo(call: Call): Promise<Answer> {
  const { method, path, search, headers } = call;
  const query = [...new Set(call.query.keys())].map((key) => {
    const values = call.query.getAll(key);
    return [key, values.length === 1 ? values[0] : values] as const;
  });
  return json({ method, path, search, query: Object.fromEntries(query), headers, body: String(await call.body()) });
}

function status(call: Call, code: string): Answer {
  const retryAfter = call.query.get('retryAfter');
  const answer = ['204', '304'].includes(code)
    ? { status: Number(code) }
    : json({ status: Number(code) }, Number(code));
  return retryAfter === null ? answer : { ...answer, headers: { ...answer.headers, 'retry-after': retryAfter } };
}

function big(call: Call): Answer {
  const size = call.number('bytes', 1_000_000);
  const headers = { 'content-type': 'application/octet-stream', 'accept-ranges': 'bytes', 'content-length': size };
  const range = parseRange(call.header('range'), size);
  if (range === 416) return { status: 416, headers: { 'content-range': `bytes */${size}` } };
  if (range === undefined) return { status: 200, headers, body: synthetic(0, size) };
  const { start, end } = range;
  const part = { 'content-length': end - start, 'content-range': `bytes ${start}-${end - 1}/${size}` };
  return { status: 206, headers: { ...headers, ...part }, body: synthetic(start, end) };
}
