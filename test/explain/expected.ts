import { expect } from 'vitest';
import { formatPointer, parsePointer } from '../../src/json/pointer.ts';
import { follow } from '../follow.ts';
import type { Body } from '../service.ts';
import { target, type Arrival } from './arrivals.ts';

/** The calls that an explanation and the answer of what was then run stand for. */
export interface Expected {
  /** Of queries that have asked their store. */
  readonly certain: Arrival[];
  /** Of those that were begun, and may have been cancelled before they asked. */
  readonly possible: Arrival[];
}

/** A name, and what became of what bears it; undefined where the answer does not tell. */
interface Named {
  readonly name: string;
  readonly reply: Body;
}

interface Around {
  /** Of a saved batch, by name. */
  readonly params: Body;
  /** The innermost last. */
  readonly groups: readonly (readonly Named[])[];
  readonly item?: unknown;
}

/** A reference that leads nowhere, or to what the answer does not tell. */
class Unknown extends Error {}

/**
 * The calls that a batch has made, by what was explained: each query that has run, its references filled in
 * with the values of the answer and of its params.
 */
export function expected(explained: Body, answer: Body, params: Body = {}): Expected {
  const found: Expected = { certain: [], possible: [] };
  members(explained, answer.results, { params, groups: [] }, found);
  return found;
}

function members(group: Body, replies: Body, around: Around, found: Expected): void {
  const entries: [string, Body][] = Object.entries(group.queries);
  const isList = Array.isArray(group.queries);
  const replyOf = (key: string): Body =>
    isList ? replies?.find(({ index }: Body) => index === Number(key)) : replies?.[key];
  const named = entries.map(([key, one]) => ({ name: isList ? (one.as ?? key) : key, reply: replyOf(key) }));
  const inside = { ...around, groups: [...around.groups, named] };
  for (const [key, one] of entries) {
    const reply = replyOf(key);
    if (!one.forEach) member(one, reply, inside, found);
    else if (!reply || reply.replies) each(one, reply?.replies, inside, found);
  }
}

function each(one: Body, replies: Body, around: Around, found: Expected): void {
  const { over } = one.forEach;
  const items = Array.isArray(over) ? over : unlessUnknown(() => fill(over, around));
  for (const [at, item] of ((items ?? []) as unknown[]).entries()) {
    const reply = replies?.[at];
    // What an item is made of may be nowhere: it alone is skipped.
    const value = unlessUnknown(() => ({ item: fill(item, around) }));
    if (value) member(one, reply, { ...around, ...value }, found);
    else if (reply) expect(hasAsked(reply)).toBe(false);
  }
}

function unlessUnknown<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

function member(one: Body, reply: Body, around: Around, found: Expected): void {
  if (one.queries) {
    const isOver = reply?.status === 'skipped';
    if (reply?.winner !== undefined) {
      const { winner, ...own } = reply;
      return members(one, [{ ...own, index: winner }], around, found);
    }
    if (!isOver) members(one, reply?.replies, around, found);
    return;
  }
  if (one.sent === false) return;
  if (reply && !hasAsked(reply)) return;
  const arrival = (): Arrival => ({ adapter: one.adapter, request: request(one, around) });
  if (reply && !CUT.has(reply.error?.code)) found.certain.push(arrival());
  else found.possible.push(...[unlessUnknown(arrival) ?? []].flat());
}

/** What may have ended a query before its call has left. */
const CUT: ReadonlySet<unknown> = new Set(['TIMEOUT', 'CANCELLED', 'OVERLOADED']);

/** Whether a query has asked its store: what was filled in wrongly never leaves. */
function hasAsked({ status, error }: Body): boolean {
  if (status === 'skipped' || error?.code === 'DEPENDENCY_FAILED') return false;
  return !error || error.code !== 'INVALID' || error.status !== undefined;
}

function request({ adapter, request: told }: Body, around: Around): unknown {
  if (adapter === 'mongo') return { command: plain(fill(told.command, around)) };
  if (adapter === 's3') return fill(told, around);
  const { method, path, headers: written, body: template } = told;
  const headers = fill(written, around) as Body;
  for (const name of Object.keys(headers)) headers[name] = text(headers[name]);
  const sent = { method, ...target(fillTarget(path, around)), headers };
  if (method !== 'POST') return sent;
  const body = template === undefined ? '' : fill(template, around);
  // Of what stands for a whole body its type is known once it is there.
  if (['$result', '$item', '$meta'].some((word) => Object.hasOwn(Object(template), word)))
    headers['content-type'] = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  return { ...sent, body };
}

/** Extended JSON as plain JSON. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  const { $oid, $date } = value as Record<string, unknown>;
  if (typeof $oid === 'string') return $oid;
  if (typeof $date === 'string') return new Date($date).toISOString();
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}

/** What a template comes to. */
function fill(template: unknown, around: Around): unknown {
  if (typeof template !== 'object' || template === null) return template;
  if (Array.isArray(template)) return template.map((one) => fill(one, around));
  const [[word, argument] = [], ...others] = Object.entries(template);
  if (others.length === 0) {
    if (word === '$verbatim') return argument;
    if (word === '$item') return found(around.item, parsePointer(argument));
    if (word === '$param') return found(around.params, parsePointer(argument));
    if (word === '$result' || word === '$meta') return named(word, parsePointer(argument), around);
    if (word === '$join') return argument.map((part: unknown) => text(fill(part, around))).join('');
  }
  return Object.fromEntries(Object.entries(template).map(([key, one]) => [key, fill(one, around)]));
}

/** A path with its query: what is filled in is encoded, and a list repeats its key. */
function fillTarget(path: unknown, around: Around): string {
  const parts = typeof path === 'string' ? [path] : ((path as Body).$join as unknown[]);
  let whole = '';
  for (const part of parts) {
    if (typeof part === 'string') {
      whole += part;
      continue;
    }
    const value = fill(part, around);
    const [pair, key = ''] = /[?&]([^?&=]*)=$/.exec(whole) ?? [''];
    if (!Array.isArray(value)) whole += encodeURIComponent(text(value));
    else whole = whole.slice(0, -pair.length) + value.map((one) => `&${key}=${encodeURIComponent(text(one))}`).join('');
  }
  return whole.includes('?') ? whole : whole.replace('&', '?');
}

function text(value: unknown): string {
  return Array.isArray(value) ? value.map(String).join(',') : String(value);
}

function named(word: '$result' | '$meta', [name, ...steps]: readonly string[], { groups }: Around): unknown {
  const members = groups.findLast((group) => group.some((one) => one.name === name));
  const reply = members?.find((one) => one.name === name)?.reply;
  if (reply === undefined) throw new Unknown(formatPointer([name ?? '']));
  return found(word === '$meta' ? reply.meta : valueOf(reply), steps);
}

function found(value: unknown, steps: readonly string[]): unknown {
  const there = follow(value, steps);
  if (!there.found) throw new Unknown(formatPointer(steps));
  return there.value;
}

/** A reply's value, as references see it. */
function valueOf({ value, replies, status }: Body): unknown {
  if (value !== undefined) return value;
  if (status !== 'ok' && status !== 'partial') return null;
  if (Array.isArray(replies)) return replies.map(valueOf);
  return Object.fromEntries(Object.entries(replies as object).map(([key, one]) => [key, valueOf(one)]));
}
