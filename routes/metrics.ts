import type { FastifyInstance } from 'fastify';
import type { Grant } from '../src/callers/known-caller.ts';
import { formatFor } from '../src/observe/exposition.ts';
import type { Scrape } from '../src/observe/scrape.ts';
import { vary } from '../src/service/http/vary.ts';

/**
 * `GET /metrics`: what the service counts, as OpenMetrics, or as the older text format of Prometheus where
 * that is liked better.
 */
export function metricsRoute(app: FastifyInstance, scrape: Scrape): void {
  const isThereFor = ({ metrics }: Grant): boolean => metrics;
  app.get('/metrics', { config: { isThereFor } }, async ({ headers }, reply) => {
    const format = formatFor(headers.accept ?? '');
    vary(reply, 'Accept');
    return reply
      .type(format)
      .header('cache-control', 'no-store')
      .send(await scrape(format));
  });
}
