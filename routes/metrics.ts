import type { FastifyInstance } from 'fastify';
import { type Format, formatFor } from '../src/observe/exposition.ts';
import { vary } from '../src/service/http/vary.ts';

/** Tells the metrics of all processes of a service. */
export type Scrape = (format: Format) => Promise<string>;

/** `GET /metrics`: what the service counts, as OpenMetrics, or as Prometheus' older text where that is liked better. */
export function metricsRoute(app: FastifyInstance, scrape: Scrape): void {
  app.get('/metrics', async ({ headers }, reply) => {
    const format = formatFor(headers.accept ?? '');
    vary(reply, 'Accept');
    return reply
      .type(format)
      .header('cache-control', 'no-store')
      .send(await scrape(format));
  });
}
