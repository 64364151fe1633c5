import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Params } from '../../batch/run/batch.ts';
import type { Grant } from '../../callers/known-caller.ts';
import type { Encoding } from '../../encodings/encoding.ts';
import { negotiate } from '../../encodings/index.ts';
import { sse } from '../../encodings/sse.ts';
import { MOST_FAULTS, shortDetail } from '../../json/fault-list.ts';
import type { Given, ParameterFault, ParamSet } from '../../saved/param-set.ts';
import { authorityOf } from './hosts.ts';
import { sendNotFound, sendProblem } from './problem.ts';
import type { Refused } from './refused.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The URL parameters a route takes, each without a value (`?strict`) or `true`; none if left out. */
    flags?: readonly string[] | ((caller: Grant) => readonly string[]);
    /** Whether a caller is to know that the route is there. By default every caller is. */
    isThereFor?: (caller: Grant) => boolean;
    /** What a request is answered in, by its headers; unless told, what it likes best of all encodings. */
    answersIn?: (headers: IncomingHttpHeaders) => Encoding | undefined;
    /** The URL parameters with values that it takes beside them. */
    parameters?: ParamSet;
  }
  interface FastifyRequest {
    /** What the URL parameters with values came to, where its route takes any. */
    urlValues: Params | undefined;
  }
}

/** A path of which a route was made. */
interface Known {
  /** Its segments; one that begins with a colon may be anything. */
  readonly parts: readonly string[];
  readonly methods: Set<string>;
  readonly isThereFor: (caller: Grant) => boolean;
}

const forEveryone = (): boolean => true;

/** Requests whose paths cannot be decoded. */
const undecoded = new WeakSet<IncomingMessage>();

/** Gives a request whose path cannot be decoded one that no route has: it is then refused as any other is. */
export function leadNowhere(request: IncomingMessage): void {
  // A target that names a host wins over the Host field, and that host may be what cannot be decoded.
  request.headers.host = authorityOf(request.url) ?? request.headers.host;
  request.url = '/%25';
  undecoded.add(request);
}

/**
 * The path of a request target, which the router has read, and taken the path from in the same way: it may
 * name its host (RFC 9112 §3.2.2), and ends at a `#`, too, behind which anything may stand.
 */
function pathOf(target: string): string {
  return decodeURI(target.replace(/[?#].*$/s, '').replace(/^https?:\/\/[^/]*/i, '')) || '/';
}

/** The paths of an app. */
class Paths {
  readonly #written = new Map<string, Known>();
  /** Those of which a segment may be anything: they are few. */
  readonly #open = new Set<Known>();

  add(url: string, methods: readonly string[], isThereFor: Known['isThereFor']): void {
    const known = this.#written.get(url) ?? { parts: url.split('/'), methods: new Set(), isThereFor };
    for (const method of methods) known.methods.add(method);
    this.#written.set(url, known);
    if (known.parts.some((part) => part.startsWith(':'))) this.#open.add(known);
  }

  /** The methods of those that a URL's path fits, as far as they are there for who asks. */
  methodsAt({ url, caller }: FastifyRequest): readonly string[] {
    const path = pathOf(url);
    const segments = path.split('/');
    const fits = ({ parts }: Known): boolean =>
      parts.length === segments.length && parts.every((part, at) => part.startsWith(':') || part === segments[at]);
    const written = this.#written.get(path);
    return [...(written ? [written] : []), ...[...this.#open].filter(fits)].flatMap(({ methods, isThereFor }) =>
      isThereFor(caller) ? [...methods] : [],
    );
  }
}

/**
 * Answers 404 for an unknown path, and for one that is not there for who asks, which `refused` is told; 405
 * with `Allow` for a method a path does not have, 400 for an unknown URL parameter or a path that cannot be
 * decoded; before any body is read.
 */
export function refuseUnknown(app: FastifyInstance, refused: Refused): void {
  const paths = new Paths();
  app.decorateRequest('urlValues', undefined);
  app.addHook('onRoute', ({ url, method, config: { isThereFor = forEveryone } = {} }) =>
    paths.add(url, [method].flat(), isThereFor),
  );
  app.addHook('onRequest', (request, reply, done) => {
    const { config } = request.routeOptions;
    const { isThereFor = forEveryone } = config;
    if (request.is404 && undecoded.has(request.raw)) {
      const detail = 'the path is not UTF-8 in percent-encoding';
      return sendProblem(reply, { status: 400, title: 'Bad Request', detail });
    }
    if (request.is404) return refuse(request, reply, paths.methodsAt(request));
    if (isThereFor(request.caller)) return takesParameters(request, reply, config) ? done() : undefined;
    refused(request, 'forbidden');
    refuse(request, reply, []);
  });
}

/**
 * Whether it is an event source that has lost its stream. It comes back for ever, unless it is answered 204
 * (WHATWG HTML §9.2.3).
 */
export function comesBack(request: FastifyRequest): boolean {
  const { method, headers } = request;
  if (method !== 'GET' || headers['last-event-id'] === undefined) return false;
  // Fastify makes these anew each time that they are asked for.
  const { answersIn = likedBest } = request.routeOptions.config;
  return answersIn(headers) === sse;
}

const likedBest = (headers: IncomingHttpHeaders): Encoding | undefined => negotiate(headers)[0];

/** Tells it so. Who kept that for others would end their streams, too. */
export function sendNoMore(reply: FastifyReply): FastifyReply {
  return reply.code(204).header('cache-control', 'no-store').send();
}

function refuse(request: FastifyRequest, reply: FastifyReply, methods: readonly string[]): void {
  if (methods.length === 0) return sendNotFound(reply);
  if (comesBack(request)) return void sendNoMore(reply);
  const allow = [...new Set(methods)].toSorted().join(', ');
  reply.header('allow', allow);
  sendProblem(reply, { status: 405, title: 'Method Not Allowed', detail: `allowed here: ${allow}` });
}

function takesParameters(
  request: FastifyRequest,
  reply: FastifyReply,
  { flags: known = [], parameters }: FastifyContextConfig,
): boolean {
  const flags = typeof known === 'function' ? known(request.caller) : known;
  if (parameters && isGarbled(request.url)) {
    sendProblem(reply, {
      status: 400,
      title: 'Bad Request',
      detail: 'the URL parameters are not UTF-8 in percent-encoding (RFC 3986)',
    });
    return false;
  }
  const given = request.query as Given;
  const errors: ParameterFault[] = [];
  for (const parameter in given) {
    if (parameters?.has(parameter)) continue;
    if (!flags.includes(parameter)) errors.push({ parameter, detail: 'unknown URL parameter' });
    else if (given[parameter] !== '' && given[parameter] !== 'true')
      errors.push({ parameter, detail: 'takes no value but true, once' });
  }
  if (parameters) {
    const { values, faults } = parameters.ofUrl(given);
    request.urlValues = values;
    errors.push(...faults);
  }
  if (errors.length === 0) return true;
  const names = [...(parameters?.keys() ?? [])];
  const detail = [
    ...(names.length > 0 ? [`URL parameters allowed here: ${names.join(', ')}`] : []),
    ...(flags.length > 0 ? [`URL parameters allowed here, without a value or "true": ${flags.join(', ')}`] : []),
  ].join('; ');
  sendProblem(reply, {
    status: 400,
    title: 'Bad Request',
    detail: detail || 'no URL parameter is allowed here',
    errors: errors.slice(0, MOST_FAULTS).map(({ parameter, detail }) => ({ parameter, detail: shortDetail(detail) })),
  });
  return false;
}

/** Whether what stands behind the `?` of a URL would be read as something else than was sent. */
function isGarbled(url: string): boolean {
  const at = url.indexOf('?');
  if (at < 0 || !url.includes('%', at)) return false;
  try {
    decodeURIComponent(url.slice(at));
    return false;
  } catch {
    return true;
  }
}
