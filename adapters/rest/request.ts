import { firstKeyOf } from '../../src/json/members.ts';
import type { Caller, Query } from '../../src/store/fetch.ts';
import { ACCEPTED } from '../http/decoders.ts';
import type { RestBody } from './body.ts';
import type { RestOptions } from './options.ts';
import type { Asked } from './read-answer.ts';

/** One request below the base URL, as `compile` made it: plain data. */
export interface RestQuery {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RestBody;
  /** Its `if-none-match` names what codap has kept: it asks whether that is still so. */
  readonly isRenewal?: true;
}

/** Asks a GET for its answer unless that is still the one with this entity tag; undefined of any other op. */
export function renewal({ op, params, want }: Query, etag: string): Query | undefined {
  const query = params as RestQuery;
  const headers = { ...query.headers, 'if-none-match': etag };
  return op === 'get' ? { op, params: { ...query, headers, isRenewal: true }, want } : undefined;
}

/** The method that each op is sent with. */
export const METHODS: Readonly<Record<string, 'GET' | 'HEAD' | 'POST'>> = { get: 'GET', head: 'HEAD', post: 'POST' };

/** To a GET or HEAD with one of these a store may answer 304 (RFC 9110 §13.2.2). */
const CONDITIONS = ['if-none-match', 'if-modified-since'];

/** The header fields of a request, and what is known by them before its answer is here. */
interface Sent {
  /** Name, value, name, value, as undici takes them. */
  readonly headers: readonly string[];
  readonly asked: Asked;
}

/** The header fields of a source's requests. */
export class RequestHeaders {
  readonly #configured: readonly string[];
  readonly #forwarded: readonly string[];
  readonly #userAgent: string;
  readonly #responseHeaders: readonly string[];
  /** Whether one is configured that sets a condition. */
  readonly #isConditional: boolean;
  /** Those of requests to which neither their query nor their caller adds any, by what they accept. */
  readonly #shared = new Map<string, Sent>();

  constructor({
    headers,
    forwardHeaders,
    userAgent,
    responseHeaders,
  }: Pick<RestOptions, 'headers' | 'forwardHeaders' | 'userAgent' | 'responseHeaders'>) {
    this.#configured = Object.entries(headers).flat();
    this.#forwarded = forwardHeaders;
    this.#userAgent = userAgent;
    this.#responseHeaders = responseHeaders;
    this.#isConditional = isConditional(headers);
  }

  /**
   * All of them: the configured ones win over the caller's, these over the query's, these over codap's own.
   */
  of(query: Query, caller: Caller): Sent {
    // What is passed on is sent as it is stored.
    const encoding = query.want !== 'body' && query.op !== 'head' ? ACCEPTED : 'identity';
    const params = query.params as RestQuery;
    if (this.#adds(params, caller)) return this.#sent(params, caller, encoding);
    let sent = this.#shared.get(encoding);
    if (!sent) this.#shared.set(encoding, (sent = this.#sent(params, caller, encoding)));
    return sent;
  }

  /** Whether a condition stands among them. */
  areConditional({ params }: Query, caller: Caller): boolean {
    return this.#isConditional || isConditional((params as RestQuery).headers) || isConditional(caller.headers);
  }

  #adds({ headers, body }: RestQuery, caller: Caller): boolean {
    if (caller.traceparent !== undefined || body || firstKeyOf(headers) !== undefined) return true;
    return this.#forwarded.some((name) => Object.hasOwn(caller.headers, name));
  }

  #sent(params: RestQuery, caller: Caller, encoding: string): Sent {
    const headers = this.#list(params, caller, encoding);
    const range = valueOf(headers, 'range');
    const isConditional = CONDITIONS.some((name) => valueOf(headers, name) !== undefined);
    const isRenewal = params.isRenewal === true;
    return { headers, asked: { responseHeaders: this.#responseHeaders, range, isConditional, isRenewal } };
  }

  #list({ headers, body }: RestQuery, caller: Caller, encoding: string): string[] {
    const list = [...this.#configured];
    // Where traces are exported, it is not the one that the caller sent.
    if (caller.traceparent !== undefined) {
      add(list, 'traceparent', caller.traceparent);
      if (caller.tracestate !== undefined) add(list, 'tracestate', caller.tracestate);
    }
    for (const name of this.#forwarded)
      if (Object.hasOwn(caller.headers, name)) add(list, name, caller.headers[name] as string);
    for (const name in headers) add(list, name, headers[name] as string);
    add(list, 'user-agent', this.#userAgent);
    if (body?.contentType !== undefined) add(list, 'content-type', body.contentType);
    // A part of a compressed body cannot be read.
    add(list, 'accept-encoding', valueOf(list, 'range') === undefined ? encoding : 'identity');
    return list;
  }
}

/** The value that a list of header fields has for a name. */
function valueOf(list: readonly string[], name: string): string | undefined {
  for (let at = 0; at < list.length; at += 2) if (list[at] === name) return list[at + 1];
  return undefined;
}

/** Whether one of these header fields sets a condition (RFC 9110 §13.1). */
function isConditional(headers: object): boolean {
  for (const name in headers) if (name.startsWith('if-')) return true;
  return false;
}

/** Adds a field, unless there is one of that name. */
function add(list: string[], name: string, value: string): void {
  if (valueOf(list, name) === undefined) list.push(name, value);
}
