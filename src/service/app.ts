import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { docsRoute } from '../../routes/docs.ts';
import { firstReplyRoute } from '../../routes/first-reply.ts';
import { healthRoute } from '../../routes/health.ts';
import { kvRoute } from '../../routes/kv.ts';
import { limitsRoute } from '../../routes/limits.ts';
import { openapiRoute } from '../../routes/openapi.ts';
import { orderedRoute } from '../../routes/ordered.ts';
import { sourcesRoute } from '../../routes/sources.ts';
import { Admission } from './admission.ts';
import type { Config } from '../config/load.ts';
import type { Spans } from '../observe/spans.ts';
import { boundConnections } from './http/max-connections.ts';
import { cors } from './http/cors.ts';
import { answerFault, answerUnreadable } from './http/faults.ts';
import { serveHosts } from './http/hosts.ts';
import { acceptJsonBytes } from './http/json-body.ts';
import { requestId } from './http/request-id.ts';
import { refuseUnknown } from './http/routing.ts';
import { repairTraceContext } from './http/trace-context.ts';
import { processMemory } from '../budget/memory.ts';
import type { Source } from '../sources/open.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Readiness fails from now on and no batch is let in; resolves once the last answer under way has left:
     * to false if it had to be cut. Then `close()`.
     */
    drain(): Promise<boolean>;
    /**
     * Ends the answers that are still under way with an error: the last frame of a stream, a problem, or a
     * broken connection.
     */
    cut(): void;
  }
}

/** What an app is built from, beside its configuration. */
export interface AppDeps {
  readonly sources: ReadonlyMap<string, Source>;
  /** Nothing is logged without one. */
  readonly logger?: FastifyBaseLogger;
  /** No traces are exported without them. */
  readonly spans?: Spans | undefined;
  /** Whether it will listen on a loopback address, where fewer hosts are served by default. Default false. */
  readonly onLoopback?: boolean;
  /**
   * How long the headers, and the whole of a request, may take to arrive, in milliseconds. Default 10,000.
   */
  readonly requestMs?: number;
}

/** The service as an app that never listens by itself. It uses the sources but does not close them. */
export async function buildApp(
  config: Config,
  { sources, logger, spans, onLoopback = false, requestMs = 10_000 }: AppDeps,
): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    ...(logger ? { loggerInstance: logger } : { logger: false }),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: requestId,
    bodyLimit: config.limits.bodyBytes,
    requestTimeout: requestMs,
    http: { requestTimeout: requestMs, headersTimeout: requestMs, connectionsCheckingInterval: 500 },
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors(error, request, reply) {
      standardHeaders(request, reply);
      answerFault(error, request, reply);
    },
    clientErrorHandler: answerUnreadable,
  });
  boundConnections(app.server, config.server.maxConnections);
  const admission = new Admission(config.server.maxInFlight);
  app.decorate('drain', () => admission.drain());
  app.decorate('cut', () => admission.cut());
  app.setErrorHandler(answerFault);

  app.addHook('onRequest', (request, reply, done) => {
    repairTraceContext(request.raw.headers, spans !== undefined);
    standardHeaders(request, reply);
    done();
  });
  serveHosts(app, config.server.hosts, onLoopback);
  cors(app, config.server.corsOrigins);
  refuseUnknown(app);
  admission.guard(app);
  const memory = processMemory(config.server.bufferBytes);
  acceptJsonBytes(app, memory);

  healthRoute(app, { admission, sources });
  sourcesRoute(app, sources);
  limitsRoute(app, config);
  // Nothing that a batch's line says has a secret field to hide, and looking for one costs more than the
  // line.
  const log = app.log.child({}, { redact: [] });
  const service = { config, sources, memory, whenCut: admission.whenCut, spans, log };
  openapiRoute(app, service);
  docsRoute(app);
  if (config.server.adhoc) {
    kvRoute(app, service);
    orderedRoute(app, service);
    firstReplyRoute(app, service);
  }
  return app;
}

function standardHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
  if (request.method === 'POST') reply.header('cache-control', 'no-store');
}
