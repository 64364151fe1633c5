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
import { metricsRoute, type Scrape } from '../../routes/metrics.ts';
import { openapiRoute } from '../../routes/openapi.ts';
import { orderedRoute } from '../../routes/ordered.ts';
import { sourcesRoute } from '../../routes/sources.ts';
import { Admission } from './admission.ts';
import type { Config } from '../config/load.ts';
import { boundConnections } from './http/max-connections.ts';
import { cors } from './http/cors.ts';
import { countBatches } from './http/count-batches.ts';
import { answerFault, answerUnreadable } from './http/faults.ts';
import { serveHosts } from './http/hosts.ts';
import { acceptJsonBytes } from './http/json-body.ts';
import { requestId } from './http/request-id.ts';
import { refuseUnknown } from './http/routing.ts';
import { repairTraceContext } from './http/trace-context.ts';
import { mediaTypes } from '../encodings/index.ts';
import { writeFamilies } from '../observe/exposition.ts';
import { Metrics } from '../observe/metrics.ts';
import { PROBLEM } from './http/problem.ts';
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
    /** What it counts. */
    readonly metrics: Metrics;
  }
}

/** What an app is built from, beside its configuration. */
export interface AppDeps {
  readonly sources: ReadonlyMap<string, Source>;
  /** Nothing is logged without one. */
  readonly logger?: FastifyBaseLogger;
  /** Whether it will listen on a loopback address, where fewer hosts are served by default. Default false. */
  readonly onLoopback?: boolean;
  /**
   * How long the headers, and the whole of a request, may take to arrive, in milliseconds. Default 10,000.
   */
  readonly requestMs?: number;
  /** What `/metrics` answers, unless it has a port of its own. By default what this app counts. */
  readonly scrape?: Scrape;
}

/** The service as an app that never listens by itself. It uses the sources but does not close them. */
export async function buildApp(
  config: Config,
  { sources, logger, onLoopback = false, requestMs = 10_000, scrape }: AppDeps,
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
  const admission = new Admission(config.server.maxInFlight);
  const metrics = new Metrics(sources.values(), [...mediaTypes, PROBLEM], admission.lagMs);
  app.decorate('metrics', metrics);
  boundConnections(app.server, config.server.maxConnections, () => metrics.refused.add('connections'));
  app.decorate('drain', () => admission.drain());
  app.decorate('cut', () => admission.cut());
  app.setErrorHandler(answerFault);

  app.addHook('onRequest', (request, reply, done) => {
    repairTraceContext(request.raw.headers);
    standardHeaders(request, reply);
    done();
  });
  countBatches(app, metrics);
  serveHosts(app, config.server.hosts, onLoopback);
  cors(app, config.server.corsOrigins);
  refuseUnknown(app);
  admission.guard(app, (reason) => metrics.refused.add(reason));
  const memory = processMemory(config.server.bufferBytes);
  acceptJsonBytes(app, memory, () => metrics.refused.add('memory'));

  healthRoute(app, { admission, sources });
  sourcesRoute(app, sources);
  limitsRoute(app, config);
  if (config.server.metricsPort === undefined)
    metricsRoute(app, scrape ?? (async (format) => writeFamilies(await metrics.all(), format)));
  // Nothing that a batch's line says has a secret field to hide, and looking for one costs more than the
  // line.
  const log = app.log.child({}, { redact: [] });
  const service = { config, sources, memory, whenCut: admission.whenCut, log };
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
