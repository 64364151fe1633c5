import cluster from 'node:cluster';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { adapters } from '../../adapters/index.ts';
import { buildApp } from '../service/app.ts';
import { type Config, type Env, loadConfig } from '../config/load.ts';
import { secretsOf } from '../config/secrets.ts';
import { warningsOf } from '../config/warnings.ts';
import { exportingOf } from '../observe/exporting.ts';
import { draining } from '../service/drain.ts';
import type { Ending } from '../service/ending.ts';
import { createLogger } from '../service/log.ts';
import { writeFamilies } from '../observe/exposition.ts';
import type { Scrape } from '../observe/scrape.ts';
import { buildMetricsApp } from '../service/metrics-app.ts';
import { tellPrimary } from '../service/primary.ts';
import { WorkerMetrics } from '../service/worker-metrics.ts';
import { openSaved } from '../saved/open-saved.ts';
import { openSources } from '../sources/open.ts';
import { openSpans } from './open-spans.ts';
import { StartFault } from './start-fault.ts';
import { isLoopback, listen, listenOnce, type Where } from './listen.ts';
import { defaultFile, listenOn, type ListenFlags, logLevel, workersOf } from './settings.ts';
import { Workers } from './workers.ts';

/** `codap serve`: serves a configuration file until a signal ends it, by itself or by workers. */
export async function serve(ending: Ending, given: string | undefined, flags: ListenFlags, env: Env): Promise<void> {
  const file = given ?? defaultFile(env);
  if (file === undefined) {
    throw new StartFault(
      'there is no configuration: name a file, set CODAP_CONFIG or write ./codap.yaml. To see codap without one, run: codap demo',
    );
  }
  const config = await loadConfig(file, env, adapters);
  const where = listenOn(flags, env, config);
  const exporting = exportingOf(env);
  const logger = createLogger(logLevel(env, 'info'), secretsOf(config, adapters));
  if (cluster.isPrimary) for (const { source, text } of warningsOf(config, adapters)) logger.warn({ source }, text);
  const count = workersOf(config);
  if (cluster.isPrimary && count > 1) return serveByWorkers(ending, { file, where, config, logger, count });
  const opened = await openSources(config, adapters, logger);
  const saved = await openSaved(config, opened.sources);
  const spans = await openSpans(exporting, config, logger);
  const shared = cluster.isWorker ? new WorkerMetrics() : undefined;
  const onLoopback = await isLoopback(where);
  const { sources } = opened;
  const app = await buildApp(config, { sources, saved, logger, spans, onLoopback, scrape: shared?.scrape });
  const { metrics } = app;
  const tellLast = shared?.share(metrics);
  const ownPort = shared
    ? undefined
    : await serveMetrics({ where, config, logger }, (format) => writeFamilies(metrics.all, format));
  const dispose = async (): Promise<void> => {
    await Promise.all([opened[Symbol.asyncDispose](), spans?.close()]);
    await tellLast?.();
    await ownPort?.close();
  };
  const running = { app, logger, graceMs: config.server.graceMs, dispose };
  const { address } = await ending.runs(() => listen(app, where), draining(running));
  tellPrimary({ address });
}

interface Place {
  readonly where: Where;
  readonly config: Config;
  readonly logger: Logger;
}

/** Listens where metrics have a port of their own. */
async function serveMetrics({ where, config, logger }: Place, scrape: Scrape): Promise<FastifyInstance | undefined> {
  const { metricsPort: port } = config.server;
  if (port === undefined) return undefined;
  const app = buildMetricsApp(config, scrape, { logger, onLoopback: await isLoopback(where) });
  await listenOnce(app, { host: where.host, port }, 'Metrics', 'server.metricsPort');
  return app;
}

interface Service extends Place {
  readonly file: string;
  readonly count: number;
}

/** Has workers serve, each of them a `codap serve` of this file where this one was told to. */
async function serveByWorkers(ending: Ending, { file, where, config, logger, count }: Service): Promise<void> {
  const fork = (port: number) => {
    cluster.setupPrimary({ args: ['serve', '--host', where.host, '--port', String(port), '--', file] });
    return cluster.fork();
  };
  const workers = new Workers({ count, graceMs: config.server.graceMs, logger, fork });
  // However this process ends, if it is not killed, it leaves nobody behind.
  process.once('exit', () => workers.kill());
  await serveMetrics({ where, config, logger }, workers.scrape);
  await ending.runs(
    () => Promise.resolve(workers),
    (all, cause) => all.end(cause),
  );
  const address = await workers.start(where.port);
  if (address !== undefined) logger.info(`Server listening at ${address}`);
}
