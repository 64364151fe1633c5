import type { Caller } from '../../src/store/fetch.ts';
import { ACCEPTED } from '../http/decoders.ts';
import type { RestBody } from './body.ts';
import type { RestOptions } from './options.ts';

/** One request below the base URL, as `compile` made it: plain data. */
export interface RestQuery {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RestBody;
}

/** The header fields of a source's requests: name, value, name, value, as undici takes them. */
export class RequestHeaders {
  readonly #configured: readonly string[];
  readonly #forwarded: readonly string[];
  readonly #userAgent: string;

  constructor({ headers, forwardHeaders, userAgent }: Pick<RestOptions, 'headers' | 'forwardHeaders' | 'userAgent'>) {
    this.#configured = Object.entries(headers).flat();
    this.#forwarded = forwardHeaders;
    this.#userAgent = userAgent;
  }

  /**
   * All of them: the configured ones win over the caller's, these over the query's, these over codap's own.
   */
  of({ headers, body }: RestQuery, caller: Caller, encoded: boolean): string[] {
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
    if (body) add(list, 'content-type', body.contentType);
    // A part of a compressed body cannot be read.
    add(list, 'accept-encoding', encoded && valueOf(list, 'range') === undefined ? ACCEPTED : 'identity');
    return list;
  }
}

/** The value that a list of header fields has for a name. */
export function valueOf(list: readonly string[], name: string): string | undefined {
  for (let at = 0; at < list.length; at += 2) if (list[at] === name) return list[at + 1];
  return undefined;
}

/** Adds a field, unless there is one of that name. */
function add(list: string[], name: string, value: string): void {
  if (valueOf(list, name) === undefined) list.push(name, value);
}
