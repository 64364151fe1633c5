import type { FastifyInstance } from 'fastify';
import { metricsRoute } from '../../routes/metrics.ts';
import type { Config } from '../config/load.ts';
import type { Scrape } from '../observe/scrape.ts';
import { baseApp, type BaseOptions } from './http/base-app.ts';
import { refuseUnknown } from './http/routing.ts';

/** An app that has nothing but `/metrics`, for a port of its own. */
export function buildMetricsApp(
  config: Pick<Config, 'limits' | 'server'>,
  scrape: Scrape,
  options: BaseOptions,
): FastifyInstance {
  const app = baseApp(config, options);
  refuseUnknown(app);
  metricsRoute(app, scrape);
  return app;
}
