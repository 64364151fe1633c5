import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from './problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The URL parameters a route takes, each without a value (`?strict`) or `true`; none if left out. */
    flags?: readonly string[];
  }
}

/**
 * Answers 404 for an unknown path, 405 with `Allow` for a method a path does not have, 400 for an unknown URL
 * parameter; before any body is read.
 */
export function refuseUnknown(app: FastifyInstance): void {
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    for (const name of [method].flat()) known.add(name);
    methods.set(url, known);
  });
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) refuse(request, reply, methodsAt(request.url, methods));
    else if (Object.keys(request.query as object).length === 0 || takesParameters(request, reply)) done();
  });
}

/** The methods of the routes that a URL's path fits. */
function methodsAt(url: string, routes: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const segments = decodeURI(url.replace(/\?.*$/s, '')).split('/');
  const fits = (route: string): boolean => {
    const parts = route.split('/');
    return parts.length === segments.length && parts.every((part, at) => part.startsWith(':') || part === segments[at]);
  };
  return [...routes].flatMap(([route, methods]) => (fits(route) ? [...methods] : []));
}

function refuse(request: FastifyRequest, reply: FastifyReply, methods: readonly string[]): void {
  if (methods.length === 0)
    return sendProblem(reply, { status: 404, title: 'Not Found', detail: 'there is nothing at this path' });
  // An event source that has lost its stream comes back for ever, unless it is answered 204 (WHATWG HTML
  // §9.2.3).
  if (request.method === 'GET' && request.headers['last-event-id'] !== undefined) return void reply.code(204).send();
  const allow = [...new Set(methods)].toSorted().join(', ');
  reply.header('allow', allow);
  sendProblem(reply, { status: 405, title: 'Method Not Allowed', detail: `allowed here: ${allow}` });
}

function takesParameters(request: FastifyRequest, reply: FastifyReply): boolean {
  const flags = request.routeOptions.config.flags ?? [];
  const errors = Object.entries(request.query as Record<string, unknown>)
    .filter(([name, value]) => !flags.includes(name) || (value !== '' && value !== 'true'))
    .map(([parameter]) => ({
      parameter,
      detail: flags.includes(parameter) ? 'takes no value but true, once' : 'unknown URL parameter',
    }));
  if (errors.length === 0) return true;
  const detail =
    flags.length > 0
      ? `URL parameters allowed here, without a value or "true": ${flags.join(', ')}`
      : 'no URL parameter is allowed here';
  sendProblem(reply, { status: 400, title: 'Bad Request', detail, errors: errors.slice(0, 100) });
  return false;
}
