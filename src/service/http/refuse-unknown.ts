import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Grant } from '../../callers/known-caller.ts';
import { comesBack, sendNoMore } from './event-source.ts';
import { authorityOf } from './hosts.ts';
import { noteRefusal } from './note-refusal.ts';
import { Paths } from './paths.ts';
import { sendNotFound, sendProblem } from './problem.ts';
import { takesParameters } from './url-parameters.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether a caller is to know that the route is there. By default every caller is. */
    isThereFor?: (caller: Grant) => boolean;
  }
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
 * Answers 404 for an unknown path, and for one that is not there for who asks, which is noted; 405
 * with `Allow` for a method a path does not have, 400 for an unknown URL parameter or a path that cannot be
 * decoded; before any body is read.
 */
export function refuseUnknown(app: FastifyInstance): void {
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
      return sendProblem(reply, { status: 400, detail });
    }
    if (request.is404) return refuse(request, reply, paths.methodsAt(request));
    if (isThereFor(request.caller)) return takesParameters(request, reply, config) ? done() : undefined;
    noteRefusal(request, 'forbidden');
    refuse(request, reply, []);
  });
}

function refuse(request: FastifyRequest, reply: FastifyReply, methods: readonly string[]): void {
  // An OPTIONS that asks no more than whether codap is there (RFC 9110 §9.3.7).
  if (request.url === '*') return void reply.code(204).send();
  if (methods.length === 0) return sendNotFound(reply);
  if (comesBack(request)) return void sendNoMore(reply);
  const allow = [...new Set(methods)].toSorted().join(', ');
  reply.header('allow', allow);
  sendProblem(reply, { status: 405, detail: `allowed here: ${allow}` });
}
