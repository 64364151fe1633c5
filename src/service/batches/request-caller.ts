import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../../store/fetch.ts';

/** Who asks by a request. */
export class RequestCaller implements Caller {
  readonly name: Caller['name'];
  readonly claims: Caller['claims'];
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
  readonly #headers: IncomingHttpHeaders;

  constructor({ raw: { headers }, caller: { name, claims } }: FastifyRequest) {
    this.name = name;
    this.claims = claims;
    this.traceparent = headers['traceparent']?.toString();
    this.tracestate = headers['tracestate']?.toString();
    this.#headers = headers;
  }

  /** Each field that was sent, once: looked at only by a source that forwards some. */
  get headers(): Record<string, string> {
    return singleOf(this.#headers);
  }
}

/** Each field of a request once: Node keeps several of a few names as a list. */
function singleOf(headers: IncomingHttpHeaders): Record<string, string> {
  const single = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) single[name] = Array.isArray(value) ? value.join(', ') : value;
  return single;
}
