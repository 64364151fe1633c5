import { LRUCache } from 'lru-cache';
import type { CodapError } from '../errors.ts';
import type { Freshness } from '../store/freshness.ts';
import { bytesOfText, keep } from '../store/keep.ts';
import type { Kept, Meta, Value } from '../store/payload.ts';

/** How long answers are kept, in milliseconds, and how much memory they take in all, in bytes. */
export interface KeepingOptions {
  readonly ttlMs: number;
  readonly staleMs: number;
  readonly notFoundMs: number;
  readonly maxBytes: number;
}

/** An answer that is kept: a value or a failure. Instants are `performance.now()` ms. */
export interface KeptAnswer {
  /** When the store was asked for it: its age counts from then, because it may have been read at once. */
  readonly asked: number;
  /** Until then it is served without asking. */
  readonly freshUntil: number;
  /** Until then it is served while the store is asked behind it. */
  readonly staleUntil: number;
  readonly answer: KeptValue | CodapError;
}

/** What is kept of a value. */
export interface KeptValue {
  readonly kept: Kept;
  readonly meta: Meta | undefined;
  readonly freshness: Freshness | undefined;
}

/** What one answer takes beside its own bytes, its key and its meta, and what a failure takes, in bytes. */
const OVERHEAD = 1024;
const FAILURE = 1024;

/** Of an answer that sets no bounds of its own. */
const UNBOUNDED: Freshness = { mayBeKept: true, freshMs: Infinity, mayBeStale: true };

/**
 * The answers of a source, by their keys: of each the one that was asked for last, and of all those that were
 * looked for last, as far as there is room.
 */
export class KeptAnswers {
  readonly #options: KeepingOptions;
  readonly #answers: LRUCache<string, KeptAnswer>;
  /** What was put last, and when. */
  #last: { readonly key: string; readonly value: WeakRef<Value>; readonly at: number } | undefined;

  constructor(options: KeepingOptions) {
    this.#options = options;
    this.#answers = new LRUCache({ maxSize: options.maxBytes });
  }

  /** Bytes of memory that they take. */
  get bytes(): number {
    return this.#answers.calculatedSize;
  }

  /** How many they are. */
  get size(): number {
    return this.#answers.size;
  }

  /** The one that is kept under a key, however old. */
  find(key: string): KeptAnswer | undefined {
    return this.#answers.get(key);
  }

  /**
   * Keeps a value that was asked for at that instant; `renewable`: it is of use also when it is too old to be
   * served.
   */
  put(key: string, asked: number, value: Value, renewable: boolean): void {
    // Several may have waited for one call: its value is kept once, from when the first of them asked.
    const last = this.#last;
    if (last?.key === key && last.at >= asked && last.value.deref() === value) return;
    this.#last = { key, value: new WeakRef(value), at: performance.now() };
    const { freshness, meta } = value;
    if (this.#isKept(asked, freshness, renewable)) this.#keep(key, asked, { kept: keep(value), meta, freshness });
    else this.#drop(key, asked);
  }

  /**
   * A value that was kept is still the same, as the store said when it was asked at that instant; returns it
   * with what the store said of it. Fields that a 304 does not have stay as they were (RFC 9111 §4.3.4).
   */
  renew(key: string, asked: number, known: KeptValue, { freshness: told = known.freshness, meta }: Value): Value {
    const freshness = known.freshness && told?.isPartial ? renewed(known.freshness, told) : told;
    const answer = { kept: known.kept, meta: updated(known.meta, meta), freshness };
    if (this.#isKept(asked, freshness, true)) this.#keep(key, asked, answer);
    else this.#drop(key, asked);
    return answer.kept.value(answer.meta);
  }

  /**
   * The store was asked at that instant, and failed. Where that is its answer, it stands for what was kept;
   * where the store could not be heard, that stays.
   */
  fail(key: string, asked: number, error: CodapError): void {
    const { code, freshMs = Infinity } = error;
    const keptMs = Math.min(this.#options.notFoundMs, freshMs);
    if (code === 'NOT_FOUND' && keptMs > 0) {
      const until = asked + keptMs;
      this.#set(key, { asked, freshUntil: until, staleUntil: until, answer: error.withoutCause() }, FAILURE);
    } else if (code === 'NOT_FOUND' || code === 'FORBIDDEN' || code === 'INVALID') this.#drop(key, asked);
  }

  /** Forgets all of them. */
  clear(): void {
    this.#answers.clear();
  }

  #isKept(asked: number, freshness: Freshness | undefined, renewable: boolean): boolean {
    if (freshness?.mayBeKept === false) return false;
    return renewable || asked + this.#spans(freshness).staleMs > performance.now();
  }

  #keep(key: string, asked: number, answer: KeptValue): void {
    const { freshMs, staleMs } = this.#spans(answer.freshness);
    const bytes = answer.kept.bytes + (answer.meta ? 2 * JSON.stringify(answer.meta).length : 0);
    this.#set(key, { asked, freshUntil: asked + freshMs, staleUntil: asked + staleMs, answer }, bytes);
  }

  /** How long it is fresh, and how long it is served at all, in milliseconds from when it was asked for. */
  #spans({ freshMs, mayBeStale }: Freshness = UNBOUNDED): { readonly freshMs: number; readonly staleMs: number } {
    const fresh = Math.min(this.#options.ttlMs, freshMs);
    const stale = fresh + this.#options.staleMs;
    if (mayBeStale) return { freshMs: fresh, staleMs: stale };
    // What the store itself still calls fresh may be served whatever it says of what is not. Where it does
    // not say how long that is, `ttlMs` does.
    return { freshMs: fresh, staleMs: freshMs === Infinity ? fresh : Math.min(stale, freshMs) };
  }

  #set(key: string, answer: KeptAnswer, bytes: number): void {
    if (this.#isOlder(key, answer.asked)) return;
    this.#answers.set(key, answer, { size: OVERHEAD + bytesOfText(key) + bytes });
  }

  #drop(key: string, asked: number): void {
    if (!this.#isOlder(key, asked)) this.#answers.delete(key);
  }

  /** Whether an answer asked for at that instant is older than the one that is kept. */
  #isOlder(key: string, asked: number): boolean {
    return (this.#answers.peek(key)?.asked ?? -Infinity) > asked;
  }
}

/** Fields that tell of the bytes. */
const OF_BYTES = /^content-(?:encoding|length|range|type)$/;

/** What is known of a value, with what its store has said again (RFC 9111 §3.2). */
function updated(before: Meta | undefined, told: Meta | undefined): Meta | undefined {
  if (!before || !told) return before;
  const { etag, lastModified, headers = {} } = told;
  const news = Object.entries(headers).filter(([name]) => !OF_BYTES.test(name));
  return {
    ...before,
    ...(etag !== undefined && { etag }),
    ...(lastModified !== undefined && { lastModified }),
    ...(news.length > 0 && { headers: { ...before.headers, ...Object.fromEntries(news) } }),
  };
}

/**
 * What holds of an answer whose store has said again a part of what it had said: an `expires` takes the place
 * of the one before, where there was nothing else.
 */
function renewed(before: Freshness, told: Freshness): Freshness {
  return before.isPartial && told.freshMs < Infinity ? told : strictest(told, before);
}

/** What both allow. */
function strictest(one: Freshness, other: Freshness): Freshness {
  return {
    mayBeKept: one.mayBeKept && other.mayBeKept,
    mayBeStale: one.mayBeStale && other.mayBeStale,
    freshMs: Math.min(one.freshMs, other.freshMs),
  };
}
