import cluster from 'node:cluster';
import type { Config } from '../config/load.ts';
import type { Format } from '../observe/exposition.ts';
import type { Family } from '../observe/family.ts';
import type { DRAIN, RELOAD } from './ending.ts';

/** What a worker has of the configuration in force, since another one needs a restart. */
export type Bound = Pick<Config['server'], 'metricsPort' | 'tls'>;

/**
 * What a worker tells its primary: that it starts, and is to be told what it is bound to; where it listens;
 * that it takes nothing new and will end; whether it has turned to the configuration that it was to read;
 * what it has counted since it said so last, with the number of the question if it was asked; that somebody
 * wants the metrics of all workers.
 */
export type Word =
  | 'starting'
  | { readonly address: string }
  | 'draining'
  | { readonly turned: boolean }
  | { readonly counted: readonly Family[]; readonly question?: number }
  | { readonly scrape: Format; readonly question: number };

/**
 * What a primary tells a worker: to end; to read its configuration again; what it is bound to; to say what it
 * has counted; the metrics of all workers, as the base64 of gzip: a text of megabytes would take either
 * process's time, and many turns, on its way.
 */
export type Order =
  | typeof DRAIN
  | typeof RELOAD
  | { readonly bound: Bound }
  | { readonly count: number }
  | { readonly scraped: string; readonly question: number };

/**
 * Tells it to the process that started this one; to nobody where none did. Calls back once it is on its way.
 */
export function tellPrimary(word: Word, told: () => void = () => {}): void {
  // A primary that dies meanwhile is told of by the end of the connection to it.
  if (cluster.worker?.isConnected()) cluster.worker.send(word, told);
  else told();
}
