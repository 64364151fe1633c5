import { tenths } from '../ground/tenths.ts';

/** What a gathered answer tells in its headers: whether it is complete, and how long each source took. */
export function summaryHeaders(
  { timings }: { readonly timings: ReadonlyMap<string, number> },
  complete: boolean,
  ms = 0,
): Record<string, string> {
  let took = '';
  for (const [source, longest] of timings) took += `${source};dur=${tenths(longest)}, `;
  return { 'codap-complete': String(complete), 'server-timing': `${took}total;dur=${tenths(ms)}` };
}
