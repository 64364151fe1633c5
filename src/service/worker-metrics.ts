import { CodapError } from '../errors.ts';
import type { Scrape } from '../observe/scrape.ts';
import type { Totals } from '../observe/totals.ts';
import { type Order, tellPrimary } from './primary.ts';
import { Questions } from './questions.ts';

/** How often a worker says what it has counted, in milliseconds: so much is lost where it is killed. */
const EVERY_MS = 250;
/** How long the primary may take to tell the metrics of all, in milliseconds. */
const PATIENCE_MS = 2000;

/**
 * The metrics of a worker, whose primary knows them as well: it tells those of all of them, whoever is asked.
 */
export class WorkerMetrics {
  readonly #questions = new Questions<string>(PATIENCE_MS);

  /** The metrics of all workers. */
  readonly scrape: Scrape = async (format) => {
    const text = await this.#questions.ask((question) => tellPrimary({ scrape: format, question }));
    if (text === undefined) throw new CodapError('UNAVAILABLE', 'the other workers cannot be asked', { http: 503 });
    return text;
  };

  /**
   * Tells the primary what is counted from now on, until the process ends; resolves once it was told for the
   * last time.
   */
  share(totals: Totals): () => Promise<void> {
    process.on('message', (order: Order) => {
      if (typeof order !== 'object') return;
      if ('scraped' in order) this.#questions.answer(order.question, order.scraped);
      if ('count' in order) tellPrimary({ counted: totals.all, question: order.count });
    });
    const tell = (): void => tellPrimary({ counted: totals.families });
    const timer = setInterval(tell, EVERY_MS).unref();
    tell();
    return () => {
      clearInterval(timer);
      return new Promise((resolve) => tellPrimary({ counted: totals.all }, resolve));
    };
  }
}
