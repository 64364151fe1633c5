import cluster from 'node:cluster';
import type { Logger } from 'pino';
import { adapters } from '../../adapters/index.ts';
import { type Config, type Env } from '../config/load.ts';
import { secretsOf } from '../config/secrets.ts';
import { exportingOf } from '../observe/exporting.ts';
import { draining } from '../service/drain.ts';
import type { Ending } from '../service/ending.ts';
import { type Edition, Front } from '../service/front.ts';
import { createLogger, Secrets } from '../service/log.ts';
import { tellPrimary } from '../service/primary.ts';
import { WorkerMetrics } from '../service/worker-metrics.ts';
import { asPrimary } from './bound.ts';
import { commonOf, type Counting, metricsEdition, openBoth, openEdition } from './edition.ts';
import { isLoopback, listen, listenOnce, type Where } from './listen.ts';
import { loadWhole } from './load-whole.ts';
import { openSpans } from './open-spans.ts';
import { type Origin, reload, warn } from './reload.ts';
import { defaultFile, hasServiceLink, listenOn, type ListenFlags, logLevel, workersOf } from './settings.ts';
import { StartFault } from './start-fault.ts';
import { Workers } from './workers.ts';

/** `codap serve`: serves a configuration file until a signal ends it, by itself or by workers. */
export async function serve(ending: Ending, given: string | undefined, flags: ListenFlags, env: Env): Promise<void> {
  const file = given ?? defaultFile(env);
  if (file === undefined) {
    throw new StartFault(
      'there is no configuration: name a file, set CODAP_CONFIG or write ./codap.yaml. To see codap without one, run: codap demo',
    );
  }
  const read = await loadWhole(file, env);
  const config = cluster.isWorker ? await asPrimary(read) : read;
  const where = listenOn(flags, env, config);
  const exporting = exportingOf(env);
  const secrets = new Secrets(secretsOf(config, adapters));
  const logger = createLogger(logLevel(env, 'info'), secrets);
  const onLoopback = await isLoopback(where);
  const origin: Origin = { file, env, logger, secrets, onLoopback };
  if (cluster.isPrimary && hasServiceLink(env)) logger.info(PASSED_OVER);
  warn(config, origin);
  const place: Place = { where, origin };
  if (cluster.isPrimary && workersOf(config) > 1) return serveByWorkers(ending, config, place);
  const shared = cluster.isWorker ? new WorkerMetrics() : undefined;
  const spans = await openSpans(exporting, logger);
  const own = commonOf(config, { spans, logger, onLoopback, tells: cluster.isPrimary || env[FIRST] === '1' });
  const common = { ...own, ...(shared && { scrape: shared.scrape, totals: shared.growth }) };
  const { memory } = common;
  const front = new Front(await openEdition(config, common), { logger });
  const tellLast = shared?.share();
  const metrics = shared ? undefined : await listenForMetrics(config, where, common);
  const running = {
    front,
    logger,
    async dispose() {
      await tellLast?.();
      await Promise.all([metrics?.close(), spans?.close()]);
    },
  };
  const { address } = await ending.runs(() => listen(front.app, where), draining(running));
  tellPrimary({ kind: 'listens', address });
  let inForce = config;
  ending.reloads(async () => {
    let over: Promise<void> | undefined;
    const latest = await reload(origin, inForce, async (next) => {
      const [edition, metricsNext] = metrics ? await openBoth(next, common) : [await openEdition(next, common)];
      memory.most = next.server.bufferBytes;
      over = front.turnTo(edition);
      if (metrics && metricsNext) turnBeside(metrics, metricsNext, logger);
      return true;
    });
    tellPrimary({ kind: 'reloaded', turned: latest !== inForce });
    inForce = latest;
    // Until then there are two of each source: no third one before that.
    await over?.catch((err: unknown) => logger.error({ err }, 'the old sources could not be closed'));
  });
}

/** Tells a worker whether it is the first one. */
const FIRST = 'CODAP_FIRST_WORKER';

const PASSED_OVER =
  'CODAP_PORT is the link to a Kubernetes service named codap, and is passed over: see enableServiceLinks';

interface Place {
  readonly where: Where;
  readonly origin: Origin;
}

/** Listens where metrics have a port of their own. */
async function listenForMetrics(config: Config, where: Where, common: Counting): Promise<Front | undefined> {
  const { metricsPort: port } = config.server;
  if (port === undefined) return undefined;
  const front = new Front(await metricsEdition(config, common), { logger: common.logger });
  await listenOnce(front.app, { host: where.host, port }, 'Metrics', 'server.metricsPort');
  return front;
}

/** Turns to it while nobody waits for the one before, which has no sources: a client may keep it for long. */
function turnBeside(metrics: Front, next: Edition, logger: Logger): void {
  metrics.turnTo(next).catch((err: unknown) => logger.error({ err }, 'the old port of the metrics has not closed'));
}

/** Has workers serve, each of them a `codap serve` of this file where this one was told to. */
async function serveByWorkers(ending: Ending, config: Config, place: Place): Promise<void> {
  const { where, origin } = place;
  const { file, logger, onLoopback } = origin;
  let inForce = config;
  const workers = new Workers({
    count: workersOf(config),
    graceMs: config.server.graceMs,
    logger,
    fork(port, isFirst) {
      cluster.setupPrimary({ args: ['serve', '--host', where.host, '--port', String(port), '--', file] });
      return cluster.fork({ [FIRST]: isFirst ? '1' : '' });
    },
    bound: () => inForce.server,
  });
  // However this process ends, if it is not killed, it leaves nobody behind.
  process.once('exit', () => workers.kill());
  const counting: Counting = {
    keySets: new Map(),
    logger,
    onLoopback,
    scrape: workers.scrape,
    totals: workers.totals,
  };
  const metrics = await listenForMetrics(config, where, counting);
  await ending.runs(
    () => Promise.resolve(workers),
    (all, cause) => all.end(cause),
  );
  const address = await workers.start(where.port);
  if (address === undefined) return;
  logger.info(`Server listening at ${address}`);
  ending.reloads(async () => {
    inForce = await reload(origin, inForce, async (next) => {
      const turned = await workers.reload(next.server.graceMs);
      if (turned && metrics) turnBeside(metrics, await metricsEdition(next, counting), logger);
      return turned;
    });
  });
}
