import type { FastifyInstance } from 'fastify';
import { metricsRoute } from '../../routes/metrics.ts';
import { openCallers } from '../callers/callers.ts';
import type { Config } from '../config/load.ts';
import { Metrics } from '../observe/metrics.ts';
import type { Scrape } from '../observe/scrape.ts';
import type { AppDeps } from './app.ts';
import { baseApp, type BaseOptions } from './http/base-app.ts';
import { identify } from './http/identify.ts';
import { refuseUnknown } from './http/refuse-unknown.ts';

/** An app that has nothing but `/metrics`, for a port of its own. */
export function buildMetricsApp(
  config: Pick<Config, 'callers' | 'limits' | 'server'>,
  scrape: Scrape,
  { keySets, ...options }: Pick<AppDeps, 'keySets'> & BaseOptions,
): FastifyInstance {
  const app = baseApp(config, options);
  app.decorate('metrics', new Metrics([], [], () => 0));
  app.decorate('isDraining', () => false);
  identify(app, openCallers(config, app.log, keySets));
  refuseUnknown(app);
  metricsRoute(app, scrape);
  return app;
}
