import cluster from 'node:cluster';
import type { Config } from '../config/load.ts';
import type { Format } from '../observe/exposition.ts';
import type { Family } from '../observe/family.ts';

/** What a worker has of the configuration in force, since another one needs a restart. */
export type Bound = Pick<Config['server'], 'metricsPort' | 'tls'>;

/**
 * What a worker tells its primary: that it starts, and is to be told what it is bound to; where it listens;
 * that it takes nothing new and will end; that it has finished its answers; whether it has turned to the
 * configuration that it was to read; what it has counted since it said so last, with the number of the
 * question if it was asked; that somebody wants the metrics of all workers.
 */
export type Word =
  | { readonly kind: 'starting' | 'draining' | 'drained' }
  | { readonly kind: 'listens'; readonly address: string }
  | { readonly kind: 'reloaded'; readonly turned: boolean }
  | { readonly kind: 'counted'; readonly families: readonly Family[]; readonly question?: number }
  | { readonly kind: 'scrape'; readonly format: Format; readonly question: number };

/**
 * What a primary tells a worker: to end; to read its configuration again; what it is bound to; to say what it
 * has counted; the metrics of all workers, as the base64 of gzip: a text of megabytes would take either
 * process's time, and many turns, on its way.
 */
export type Order =
  | { readonly kind: 'drain' | 'reload' }
  | { readonly kind: 'bound'; readonly bound: Bound }
  | { readonly kind: 'count'; readonly question: number }
  | { readonly kind: 'scraped'; readonly packed: string; readonly question: number };

/** Calls back for orders of the primary, by their kind; what it returns ends that. */
export function hearPrimary(hears: {
  readonly [Kind in Order['kind']]?: (order: Extract<Order, { readonly kind: Kind }>) => void;
}): () => void {
  const hear = (order: Order): void => (hears[order.kind] as ((order: Order) => void) | undefined)?.(order);
  process.on('message', hear);
  return () => void process.off('message', hear);
}

/**
 * Tells it to the process that started this one; to nobody where none did. Calls back once it is on its way.
 */
export function tellPrimary(word: Word, told: () => void = () => {}): void {
  // A primary that dies meanwhile is told of by the end of the connection to it.
  if (cluster.worker?.isConnected()) cluster.worker.send(word, told);
  else told();
}
