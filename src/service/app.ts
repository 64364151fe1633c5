import type { FastifyInstance } from 'fastify';
import { batchesRoute } from '../../routes/batches.ts';
import { docsRoute } from '../../routes/docs.ts';
import { firstReplyRoute } from '../../routes/first-reply.ts';
import { healthRoute } from '../../routes/health.ts';
import { kvRoute } from '../../routes/kv.ts';
import { limitsRoute } from '../../routes/limits.ts';
import { metricsRoute } from '../../routes/metrics.ts';
import { openapiRoute } from '../../routes/openapi.ts';
import { orderedRoute } from '../../routes/ordered.ts';
import { playgroundRoute } from '../../routes/playground.ts';
import { savedBatchRoutes } from '../../routes/saved-batch.ts';
import { sourceRoute } from '../../routes/source.ts';
import { sourcesRoute } from '../../routes/sources.ts';
import { startRoute } from '../../routes/start.ts';
import { PlansOfLate } from '../batch/plan/plans-of-late.ts';
import { type KeySets, openCallers } from '../callers/callers.ts';
import { granted } from '../callers/granted.ts';
import { Admission } from './admission.ts';
import type { Config } from '../config/load.ts';
import { describing } from './describe-source.ts';
import type { Answering } from './front.ts';
import { cors } from './http/cors.ts';
import { servedHosts } from './http/hosts.ts';
import { identify } from './http/identify.ts';
import { countBatches } from './http/count-batches.ts';
import { acceptJsonBytes } from './http/json-body.ts';
import { refuseUnknown } from './http/refuse-unknown.ts';
import { mediaTypes } from '../encodings/index.ts';
import { PROBLEM } from '../encodings/media-types.ts';
import { Metrics } from '../observe/metrics.ts';
import type { Scrape } from '../observe/scrape.ts';
import { Totals } from '../observe/totals.ts';
import { baseApp, type BaseOptions } from './http/base-app.ts';
import { builtPlayground } from './playground-files.ts';
import { type Memory, processMemory } from '../budget/memory.ts';
import type { SavedBatch } from '../saved/saved-batch.ts';
import type { Source } from '../sources/open.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether it drains: each answer that leaves from then on closes its connection. */
    isDraining(): boolean;
    /** What it counts. */
    readonly metrics: Metrics;
  }
}

/** The service as an app. */
export type App = FastifyInstance & Required<Answering>;

/** What an app is built from, beside its configuration. */
export interface AppDeps extends BaseOptions {
  readonly sources: ReadonlyMap<string, Source>;
  /** The saved batches; by default there are none. */
  readonly saved?: ReadonlyMap<string, SavedBatch> | undefined;
  /** What `/metrics` answers, unless it has a port of its own. By default what this app counts. */
  readonly scrape?: Scrape | undefined;
  /** The key sets of token issuers that are known already. By default there are none. */
  readonly keySets?: KeySets | undefined;
  /** What the process may hold. By default the configuration's `bufferBytes`. */
  readonly memory?: Memory;
}

/** The service as an app that never listens by itself. It uses the sources but does not close them. */
export async function buildApp(
  config: Config,
  {
    sources,
    saved = new Map(),
    scrape,
    keySets,
    memory = processMemory(config.server.bufferBytes),
    ...options
  }: AppDeps,
): Promise<App> {
  const { spans } = options;
  const admission = new Admission(config.server.maxInFlight);
  const app = Object.assign(baseApp(config, options), {
    drain: () => admission.drain(),
    cut: (why?: string) => admission.cut(why),
  });
  const metrics = new Metrics(sources.values(), typesOf(saved), admission.lagMs);
  app.decorate('metrics', metrics);
  app.decorate('isDraining', () => admission.draining);
  const callers = openCallers(config, app.log, keySets);
  cors(app, config.server.corsOrigins);
  identify(app, callers);
  countBatches(app);
  refuseUnknown(app);
  admission.guard(app);
  acceptJsonBytes(app, memory);

  healthRoute(app, { admission, sources });
  const sourcesFor = granted(sources, 'sources');
  const savedFor = granted(saved, 'batches');
  sourcesRoute(app, sourcesFor);
  const describeSource = describing(memory, config.server.timeoutMs);
  sourceRoute(app, sourcesFor, describeSource);
  limitsRoute(app, config);
  if (config.server.metricsPort === undefined) metricsRoute(app, scrape ?? alone(metrics));
  // Nothing that a batch's line says has a secret field to hide, and looking for one costs more than the
  // line.
  const log = app.log.child({}, { redact: [] });
  const isPlaying = config.server.playground ?? options.onLoopback ?? false;
  const playground = isPlaying ? await builtPlayground() : undefined;
  if (playground) playgroundRoute(app, playground);
  else startRoute(app, savedFor);
  batchesRoute(app, savedFor);
  const { areKnown: knowsCallers } = callers;
  const plans = new PlansOfLate();
  const service = { config, sourcesFor, plans, savedFor, knowsCallers, memory, whenCut: admission.whenCut, spans, log };
  const server = { ...config.server, playground: playground !== undefined };
  openapiRoute(app, { ...service, config: { ...config, server } });
  docsRoute(app);
  for (const batch of saved.values()) savedBatchRoutes(app, service, batch);
  if (config.server.adhoc) {
    kvRoute(app, service);
    orderedRoute(app, service);
    firstReplyRoute(app, service);
  }
  if (config.server.mcp) {
    const { mcpRoute } = await import('../../routes/mcp.ts');
    const serves = servedHosts(config.server.hosts, options.onLoopback ?? false);
    mcpRoute(app, service, { describeSource, serves });
  }
  return app;
}

/** Tells the metrics of an app that is a service by itself. */
function alone(metrics: Metrics): Scrape {
  const totals = new Totals();
  totals.add(() => metrics.families);
  return totals.scrape;
}

/** The media types of all answers to batches: pages are those of saved batches alone. */
function typesOf(saved: ReadonlyMap<string, SavedBatch>): readonly string[] {
  const ofSaved = Array.from(saved.values(), ({ encodings }) => encodings.map(({ mediaType }) => mediaType)).flat();
  return [...new Set([...mediaTypes, PROBLEM, ...ofSaved])];
}
