import type { FastifyInstance } from 'fastify';
import { adapters } from '../../adapters/index.ts';
import { type Memory, processMemory } from '../budget/memory.ts';
import type { KeySets } from '../callers/callers.ts';
import type { Config } from '../config/load.ts';
import type { Scrape } from '../observe/scrape.ts';
import { countCollections } from '../observe/process-families.ts';
import type { Spans } from '../observe/spans.ts';
import { type Parts, Totals } from '../observe/totals.ts';
import { buildApp } from '../service/app.ts';
import { buildMetricsApp } from '../service/metrics-app.ts';
import type { Edition } from '../service/front.ts';
import type { Logger } from 'pino';
import { openSaved } from '../saved/open-saved.ts';
import { openSources } from '../sources/open.ts';
import { warningsOfSaved } from './load-whole.ts';

/** What the editions of a service have in common. */
export interface Common {
  readonly logger: Logger;
  /** Where traces are exported; whoever opened that closes it. */
  readonly spans: Spans | undefined;
  readonly onLoopback: boolean;
  /** Whether it tells the log what is to be told once, whatever the number of workers. */
  readonly tells: boolean;
  readonly memory: Memory;
  readonly totals: Parts;
  /** The key sets of token issuers: an issuer that is down costs nobody a changed configuration. */
  readonly keySets: KeySets;
  /** What `/metrics` answers. */
  readonly scrape: Scrape;
}

/** What the editions have in common of a service that begins with a configuration. */
export function commonOf(
  { server }: Pick<Config, 'server'>,
  options: Pick<Common, 'logger' | 'spans' | 'onLoopback' | 'tells'>,
): Common {
  const totals = new Totals();
  countCollections();
  return {
    ...options,
    memory: processMemory(server.bufferBytes),
    totals,
    keySets: new Map(),
    scrape: totals.scrape,
  };
}

/** Opens all that a configuration names, and makes an app of it that is ready. Throws ConfigError. */
export async function openEdition(config: Config, common: Common): Promise<Edition> {
  const { totals, tells, ...options } = common;
  await using opening = new AsyncDisposableStack();
  const { sources } = opening.use(await openSources(config, adapters, options.logger));
  const saved = await openSaved(config, sources);
  if (tells) for (const { of, text } of warningsOfSaved(saved)) options.logger.warn(of, text);
  const app = opening.adopt(await buildApp(config, { ...options, sources, saved }), (app) => app.close());
  return await ready(config, app, totals, opening);
}

/** What those of the port of the metrics have in common. */
export type Counting = Pick<Common, 'keySets' | 'logger' | 'onLoopback' | 'scrape' | 'totals'>;

/** The same for the port of the metrics. */
export async function metricsEdition(
  config: Config,
  { scrape, totals, keySets, logger, onLoopback }: Counting,
): Promise<Edition> {
  await using opening = new AsyncDisposableStack();
  const built = buildMetricsApp(config, scrape, { keySets, logger, onLoopback });
  const app = opening.adopt(built, (app) => app.close());
  return await ready(config, app, totals, opening);
}

/** Both of them: where the second cannot be opened the first is closed again. */
export async function openBoth(config: Config, common: Common): Promise<readonly [Edition, Edition]> {
  await using opening = new AsyncDisposableStack();
  const edition = opening.adopt(await openEdition(config, common), ({ close }) => close?.());
  const metrics = await metricsEdition(config, common);
  opening.move();
  return [edition, metrics];
}

/** The edition of an app, once that is ready; from then on it counts, and has all that was opened for it. */
async function ready(
  config: Config,
  app: FastifyInstance,
  totals: Parts,
  opening: AsyncDisposableStack,
): Promise<Edition> {
  await app.ready();
  const stopCounting = totals.add(() => app.metrics.families);
  const opened = opening.move();
  return {
    config,
    app,
    refused: () => app.metrics.refused.add('connections'),
    async close() {
      await opened.disposeAsync();
      stopCounting();
    },
  };
}
