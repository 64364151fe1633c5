import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { CodapError } from '../errors.ts';
import { Growth } from '../observe/growth.ts';
import type { Scrape } from '../observe/scrape.ts';
import { hearPrimary, tellPrimary } from './primary.ts';
import { Questions } from './questions.ts';

/** How often a worker says what it has counted, in milliseconds: so much is lost where it is killed. */
const EVERY_MS = 250;
/** How long the primary may take to tell the metrics of all, in milliseconds. */
const PATIENCE_MS = 5000;

/**
 * The metrics of a worker, whose primary adds them to those of others: it tells those of all of them, whoever
 * is asked.
 */
export class WorkerMetrics {
  /** What this worker counts. */
  readonly growth = new Growth();
  readonly #questions = new Questions<string>(PATIENCE_MS);

  /** The metrics of all workers. */
  readonly scrape: Scrape = async (format) => {
    const packed = await this.#questions.ask((question) => tellPrimary({ kind: 'scrape', format, question }));
    if (packed === undefined) throw new CodapError('UNAVAILABLE', 'the other workers cannot be asked', { http: 503 });
    return promisify(gunzip)(Buffer.from(packed, 'base64'));
  };

  /**
   * Tells the primary what is counted from now on, until the process ends, and thereby that it does not hang;
   * resolves once it was told for the last time.
   */
  share(): () => Promise<void> {
    const { growth } = this;
    hearPrimary({
      scraped: ({ packed, question }) => this.#questions.answer(question, packed),
      count: ({ question }) => tellPrimary({ kind: 'counted', families: growth.tell(true), question }),
    });
    const tell = (): void => tellPrimary({ kind: 'counted', families: growth.tell() });
    const timer = setInterval(tell, EVERY_MS).unref();
    tell();
    return () => {
      clearInterval(timer);
      return new Promise((resolve) => tellPrimary({ kind: 'counted', families: growth.tell(true) }, resolve));
    };
  }
}
