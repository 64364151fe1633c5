import { DurationsBy } from '../budget/durations.ts';
import { CODES } from '../errors.ts';
import { Counts } from './counts.ts';
import { durationFamilies, type Family } from './family.ts';
import { type Observed, sourceFamilies } from './source-families.ts';

/** Why something was turned away before anybody looked at what it asked for. */
export const REASONS = [
  'in_flight',
  'lag',
  'draining',
  'connections',
  'memory',
  'unauthorized',
  'forbidden',
  'caller_rate',
  'caller_in_flight',
] as const;

/** What became of a batch. */
export const OUTCOMES = ['complete', 'incomplete', 'explained', 'failed', 'invalid', 'refused', 'cancelled'] as const;

/** One of them. */
export type Outcome = (typeof OUTCOMES)[number];

/** The HTTP statuses of failures. */
const STATUSES = [...new Set(Object.values(CODES).map(({ http }) => String(http)))].toSorted();

const BATCHES = {
  counter: { name: 'codap_batches', help: 'Batches, by what became of them.' },
  histogram: { name: 'codap_batch_seconds', help: 'From the end of the request to the end of the answer.' },
  labels: ['pattern', 'batch', 'outcome', 'caller'],
};

/** What a process counts, for `/metrics`. Every label comes from the configuration, or from codap itself. */
export class Metrics {
  readonly refused = new Counts(REASONS);
  /** Batches that failed as a whole, by the HTTP status of what failed them. */
  readonly failed = new Counts(STATUSES);
  /** Bytes that have left, by the media type of the answer. */
  readonly sent: Counts;
  /** Failures that were codap's own. */
  ownFaults = 0;
  readonly #batches = new DurationsBy();
  readonly #sources: readonly Observed[];
  readonly #lagMs: () => number;

  /** `lagMs` tells how much the event loop lags. */
  constructor(sources: Iterable<Observed>, encodings: readonly string[], lagMs: () => number) {
    this.#sources = [...sources];
    this.sent = new Counts(encodings);
    this.#lagMs = lagMs;
  }

  /**
   * One more batch, of so many milliseconds; `batch` is the name of a saved one, else empty, as is `caller`
   * where everyone may ask.
   */
  batch(pattern: string, batch: string, outcome: Outcome, caller: string, ms: number): void {
    this.#batches.of(pattern, batch, outcome, caller).add(ms);
  }

  /** What codap has counted. */
  get families(): readonly Family[] {
    return [
      ...durationFamilies(BATCHES, [this.#batches]),
      {
        name: 'codap_failed_batches',
        help: 'Batches that failed as a whole, by the HTTP status of what failed them.',
        type: 'counter',
        labels: ['status'],
        series: this.failed.series,
      },
      {
        name: 'codap_refused',
        help: 'Requests and connections that were turned away.',
        type: 'counter',
        labels: ['reason'],
        series: this.refused.series,
      },
      {
        name: 'codap_sent_bytes',
        help: 'Bytes of answers to batches, heads included.',
        type: 'counter',
        labels: ['encoding'],
        series: this.sent.series,
      },
      {
        name: 'codap_internal_errors',
        help: "Failures that were codap's own: the log has their causes.",
        type: 'counter',
        labels: [],
        series: [[[], [this.ownFaults]]],
      },
      {
        name: 'codap_event_loop_lag_seconds',
        help: 'How late the event loop got to a piece of work, at worst of late.',
        type: 'gauge',
        labels: [],
        across: 'max',
        series: [[[], [this.#lagMs() / 1000]]],
      },
      ...sourceFamilies(this.#sources),
    ];
  }
}
