import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Config } from '../../config/load.ts';
import type { Spans } from '../../observe/spans.ts';
import { isHeadPlain } from './check-head.ts';
import { closeInStages } from './close-in-stages.ts';
import { cutWhoLeave } from './cut-connection.ts';
import { cutIdle, whenTimedOut } from './cut-idle.ts';
import { heedExpectations } from './expectations.ts';
import { answerConnect, answerFault, answerUnreadable } from './faults.ts';
import { servedHosts, serveHosts } from './hosts.ts';
import { Incoming } from './incoming.ts';
import { requestId } from './request-id.ts';
import { RequestLog } from './request-log.ts';
import { countSent } from './sent-bytes.ts';
import { leadNowhere } from './refuse-unknown.ts';
import { repairTraceContext } from './trace-context.ts';

/** How an app takes requests. */
export interface BaseOptions {
  /** Nothing is logged without one. */
  readonly logger?: FastifyBaseLogger | undefined;
  /** No traces are exported without them. */
  readonly spans?: Spans | undefined;
  /** Whether it will listen on a loopback address, where fewer hosts are served by default. Default false. */
  readonly onLoopback?: boolean | undefined;
  /**
   * How long the headers, and the whole of a request, may take to arrive, in milliseconds. Default 10,000.
   */
  readonly requestMs?: number | undefined;
}

/** An app without routes: who is served, how a request is named, and how faults are told. */
export function baseApp(
  { limits, server }: Pick<Config, 'limits' | 'server'>,
  { logger, spans, onLoopback = false, requestMs = 10_000 }: BaseOptions,
): FastifyInstance {
  const connecting = {
    requestTimeout: requestMs,
    headersTimeout: requestMs,
    connectionsCheckingInterval: 500,
    // Without one a request is answered as any fault is, where Node would say nothing but its status.
    requireHostHeader: false,
    IncomingMessage: Incoming,
  };
  const { tls } = server;
  const { streamIdleMs } = limits;
  const end = function (this: ServerResponse): void {
    const { socket } = this;
    // A request that is injected has no connection.
    if (!(socket instanceof Socket)) return;
    countSent(this, socket);
    cutIdle(this, socket, streamIdleMs);
    if (!this.req.complete) closeInStages(this, socket);
  };
  const begin = (request: FastifyRequest, reply: FastifyReply): void => {
    reply.raw.on('prefinish', end);
    standardHeaders(request, reply);
  };
  const app = Fastify({
    ...(logger ? { loggerInstance: logger } : { logger: false }),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: requestId,
    childLoggerFactory: (parent, bindings, options) => new RequestLog(parent, bindings, options),
    bodyLimit: limits.bodyBytes,
    requestTimeout: requestMs,
    // A name that is too long for the router would be answered before any hook: without CORS, whoever asks.
    // Node bounds the whole head.
    routerOptions: { maxParamLength: Number.MAX_SAFE_INTEGER },
    // To a router it makes no difference what its connections speak.
    ...(tls ? { https: { ...connecting, ...tls, handshakeTimeout: requestMs } as object } : { http: connecting }),
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors(_badUrl, request, reply) {
      leadNowhere(request.raw);
      return request.server.routing(request.raw, reply.raw);
    },
    clientErrorHandler: answerUnreadable,
  });
  whenTimedOut(app.server);
  cutWhoLeave(app.server);
  app.server.on('connect', answerConnect);
  heedExpectations(app);
  app.setErrorHandler(answerFault);
  app.addHook('onRequest', (request, reply, done) => {
    repairTraceContext(request.raw.headers, spans !== undefined);
    begin(request, reply);
    if (isHeadPlain(request, reply)) done();
  });
  serveHosts(app, servedHosts(server.hosts, onLoopback));
  return app;
}

function standardHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
  if (request.method === 'POST') reply.header('cache-control', 'no-store');
}
