import { tooLate, toCodapError, type Code, type CodapError } from '../errors.ts';
import { tenths } from '../ground/tenths.ts';
import { statesOf, type States } from '../sources/layer.ts';
import type { Source } from '../sources/open.ts';
import { untilAborted } from '../store/signals.ts';

/**
 * How long a ping may take unless told, in milliseconds: well below the second that probes of readiness
 * usually wait.
 */
const PING_MS = 500;

/** For so many milliseconds what was found is repeated. */
const FRESH_MS = 2000;

/** What asking a source found; `ms` is how long it took. */
export interface Pinged {
  readonly name: string;
  readonly adapter: string;
  readonly status: 'up' | 'down';
  /** The store's status, where it is there but answered one by which queries are likely to fail. */
  readonly answered?: number;
  readonly ms: number;
  /** Why it is down. */
  readonly code?: Code;
}

/** Hears why a source is down. */
type Report = (name: string, error: CodapError) => void;

/** A source as a ping sees it. */
export type Pingable = Pick<Source, 'name' | 'adapter' | 'ping'>;

/**
 * Asks a source whether it answers. Never rejects, and never takes much longer than `timeoutMs`, whatever the
 * source does.
 */
export async function ping(
  { name, adapter, ...source }: Pingable,
  timeoutMs = PING_MS,
  report?: Report,
): Promise<Pinged> {
  const started = performance.now();
  const took = (): number => tenths(performance.now() - started);
  const controller = new AbortController();
  const { signal } = controller;
  const timer = setTimeout(() => controller.abort(tooLate(name)), timeoutMs);
  try {
    const answered = await untilAborted(signal, () => source.ping(signal));
    return { name, adapter, status: 'up', ...(answered && { answered }), ms: took() };
  } catch (error) {
    const known = toCodapError(error);
    report?.(name, known);
    return { name, adapter, status: 'down', ms: took(), code: known.code };
  } finally {
    clearTimeout(timer);
  }
}

/** Asks all sources side by side, and for a while repeats what it found: probes cannot become a load. */
export function pinger(sources: Iterable<Pingable>, report?: Report): () => Promise<readonly Pinged[]> {
  const list = [...sources];
  let asked = -Infinity;
  let found: Promise<readonly Pinged[]>;
  return () => {
    const now = performance.now();
    if (now - asked >= FRESH_MS) {
      asked = now;
      found = Promise.all(list.map((source) => ping(source, PING_MS, report)));
    }
    return found;
  };
}

/** How a source is: what a ping of late found, and how its layers stand now. */
export interface Readiness extends Omit<Pinged, 'answered'> {
  readonly layers: Partial<States>;
}

/**
 * What is to be told of a source that was pinged. One whose circuit is open is down, whatever its store
 * answers a ping: its queries are turned away.
 */
export function readinessOf({ name, adapter, status, ms, code }: Pinged, layers: Source['layers']): Readiness {
  const states = statesOf(layers);
  const refused = states.breaker?.open === 1 && ({ status: 'down', code: 'CIRCUIT_OPEN' } as const);
  return { name, adapter, status, ms, ...(code && { code }), ...refused, layers: states };
}
