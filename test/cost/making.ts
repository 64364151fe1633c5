/** A request that looks cheap and is not: where it goes, what it says and what it asks for. */
export interface Shape {
  readonly name: string;
  readonly path: '/kv' | '/ordered' | '/first-reply';
  readonly body: string;
  readonly accept: string;
}

/** The deadline that each of them asks for, in milliseconds. */
export const TIMEOUT_MS = 700;

/** So many of something. */
export const times = <T>(count: number, of: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => of(at));
/** So many of something, by the keys `k0`, `k1` and so on. */
export const keyed = <T>(count: number, of: (at: number) => T): Record<string, T> =>
  Object.fromEntries(times(count, (at) => [`k${at}`, of(at)]));
/** A query to the REST store, whose answer is as large as its path says. */
export const get = (path: string, more: object = {}) => ({ source: 'store', op: 'get', params: { path }, ...more });
/** One with a body. */
export const post = (body: unknown, more: object = {}) => ({
  source: 'store',
  op: 'post',
  params: { path: '/zeros/1', body },
  ...more,
});
/** A query to the embedded MongoDB: of its `items` there is none. */
export const ask = (op: string, params: object, more: object = {}) => ({
  source: 'shop',
  op,
  params: { collection: 'items', ...params },
  ...more,
});
/** A `find` there. */
export const find = (params: object, more: object = {}) => ask('find', params, more);
/** A reference. */
export const ref = (pointer: string) => ({ $result: pointer });

/** A batch of these queries, by any pattern. */
export function batch(
  name: string,
  path: Shape['path'],
  queries: object,
  more: object = {},
  accept = 'application/json',
): Shape {
  return { name, path, body: JSON.stringify({ timeoutMs: TIMEOUT_MS, queries, ...more }), accept };
}

/** A KV of these queries. */
export function kv(name: string, queries: object, more: object = {}, accept = 'application/json'): Shape {
  return batch(name, '/kv', queries, more, accept);
}

/** Over 900 items. */
export const each = (query: object) => ({ l: get('/zeros/900'), q: { forEach: ref('/l'), ...query } });

/** Media types beside JSON. */
export const NDJSON = 'application/x-ndjson';
export const SSE = 'text/event-stream';
export const ZIP = 'application/zip';
export const TAR = 'application/x-tar';
export const TAR_GZ = 'application/gzip';
export const CSV = 'text/csv';
