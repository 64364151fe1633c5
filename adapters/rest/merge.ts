import { CodapError } from '../../src/errors.ts';
import { itemsOf, partAt, textOf, type Part } from '../../src/json/json-part.ts';
import { parsePointer } from '../../src/json/pointer.ts';
import type { Caller, Query, ReadContext } from '../../src/store/fetch.ts';
import type { Freshness } from '../../src/store/freshness.ts';
import type { Meta, Payload, Value } from '../../src/store/payload.ts';
import { Placeholder } from '../../src/store/placeholder.ts';
import type { Merger, Parts, Point } from '../adapter.ts';
import { content } from '../http/content.ts';
import { aroundId, type MergeRule } from './merge-rules.ts';
import type { RestOptions } from './options.ts';
import type { RestQuery } from './request.ts';

/** Characters of the ids of one request: a store takes a line of 8,000 octets (RFC 9112 §3). */
const MOST_CHARS = 7000;

/** A rule as paths are compared with it: in full, percent-encoded. */
interface Known extends MergeRule {
  readonly before: string;
  readonly after: string;
  readonly target: string;
  readonly list: readonly string[];
  readonly id: readonly string[];
}

/** A GET of one thing by its id. */
interface RestPoint extends Point {
  readonly rule: Known;
  readonly id: string;
  /** As it stands in the URL. */
  readonly sent: string;
}

/** GETs of single things asked of a list, by the rules of a source. */
export class RestMerger implements Merger<RestPoint> {
  readonly #rules: readonly Known[];

  constructor({ url, merge }: Pick<RestOptions, 'url' | 'merge'>) {
    const { pathname } = new URL(url);
    const root = pathname.endsWith('/') ? pathname : `${pathname}/`;
    const full = (path: string): string => root + encoded(path.startsWith('/') ? path.slice(1) : path);
    this.#rules = merge.map((rule) => {
      const [before, after] = aroundId(rule.path);
      const paths = { before: full(before), after: encoded(after), target: full(rule.into) };
      return { ...rule, ...paths, list: parsePointer(rule.items), id: parsePointer(rule.key) };
    });
  }

  pointOf({ op, params }: Query, { headers: theirs }: Caller): RestPoint | undefined {
    const { path: planned, headers } = params as Omit<RestQuery, 'path'> & { readonly path: string | Placeholder };
    if (op !== 'get') return undefined;
    const path = planned instanceof Placeholder ? shapeOf(planned) : planned;
    if (path.includes('?')) return undefined;
    for (const _name in headers) return undefined;
    // A condition of the caller's is one of the single thing.
    for (const name in theirs) if (name.startsWith('if-') || name === 'range') return undefined;
    for (const [at, rule] of this.#rules.entries()) {
      const id = idIn(path, rule);
      if (id === undefined) continue;
      if (rule.style === 'comma' && id.includes(',')) return undefined;
      const sent = encodeURIComponent(id);
      const chars = sent.length + (rule.style === 'comma' ? 1 : rule.query.length + 2);
      return { group: String(at), most: rule.max, chars, mostChars: MOST_CHARS, rule, id, sent };
    }
    return undefined;
  }

  merged(points: readonly RestPoint[]): Query {
    const [{ rule }] = points as [RestPoint];
    const name = encodeURIComponent(rule.query);
    const ids = [...new Set(points.map(({ sent }) => sent))];
    const search = rule.style === 'comma' ? `${name}=${ids.join(',')}` : ids.map((id) => `${name}=${id}`).join('&');
    return { op: 'get', params: { path: `${rule.target}?${search}`, headers: {} }, want: 'value' };
  }

  split(answer: Payload, points: readonly RestPoint[]): Parts<RestPoint> {
    const { json, meta, freshness } = answer as Value;
    const [{ rule }] = points as [RestPoint];
    const place = meta?.encoding === 'json' ? partAt(json, rule.list) : undefined;
    const items = place && itemsOf(json, place);
    if (!items) throw new CodapError('BAD_RESPONSE', 'the store answered no list where the rule of merge says');
    const found = new Map<string, Part>();
    for (const item of items) {
      const key = partAt(json, rule.id, item);
      const id = key && textOf(json, key);
      if (id !== undefined && !found.has(id)) found.set(id, item);
    }
    const told: Meta = {};
    if (meta?.status !== undefined) told.status = meta.status;
    if (meta?.contentType !== undefined) told.contentType = meta.contentType;
    const list = { json, meta: told, freshness };
    return { of: ({ id }, context) => valueOf(list, found.get(id), context) };
  }
}

/** What the store says of its list is said of each item, and of what is not in it. */
function valueOf(
  { json, meta, freshness }: { json: string; meta: Meta; freshness: Freshness | undefined },
  item: Part | undefined,
  context: ReadContext,
): Value | Promise<Value> {
  if (!item) {
    const kept = freshness && { freshMs: freshness.freshMs };
    throw new CodapError('NOT_FOUND', 'the store answered a list without this id', kept);
  }
  const bytes = Buffer.from(json.slice(item.start, item.end));
  context.memory.hold(bytes.length);
  return content(bytes, 'json', { ...meta }, context, freshness);
}

/** A path in which references stand, with any text in their places. */
function shapeOf({ parts }: Placeholder): string {
  return parts.map((part) => (typeof part === 'string' ? part : 'x')).join('');
}

/** The id in a path that a rule is for. */
function idIn(path: string, { before, after }: Known): string | undefined {
  const end = path.length - after.length;
  if (end <= before.length || !path.startsWith(before) || !path.endsWith(after)) return undefined;
  const segment = path.slice(before.length, end);
  if (segment.includes('/')) return undefined;
  return segment.includes('%') ? decodeURIComponent(segment) : segment;
}

/** As a literal path of a query is sent: the escapes in it are its own. */
function encoded(path: string): string {
  return encodeURI(path).replaceAll('%25', '%');
}
