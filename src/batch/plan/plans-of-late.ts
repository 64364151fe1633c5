import { crc32 } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import type { Source } from '../../sources/open.ts';
import { type Pattern, PATTERNS, type Plan } from './node.ts';

/** How many bodies are remembered. */
const MOST = 2000;
/** Bytes of all bodies whose plans are kept: a plan takes up to thirty times as much. */
const MOST_BYTES = 512 * 1024;
/** Bytes of a body above which its plan is not kept. */
const LARGEST = 64 * 1024;

/** All that a plan is made of. */
interface PlanKey {
  readonly pattern: Pattern;
  readonly body: Uint8Array;
  readonly sources: ReadonlyMap<string, Source>;
}

interface Kept extends PlanKey {
  readonly plan: Plan;
}

/**
 * The plans of the bodies that have come of late more than once: what a dashboard or the frame of a page asks
 * again and again is then neither checked, read nor planned anew. No run changes a plan.
 */
export class PlansOfLate {
  /** Where the checksums for some sources begin. */
  readonly #seeds = new WeakMap<ReadonlyMap<string, Source>, number>();
  #next = 0;
  /** By a checksum of all that a plan is made of; false where it came once. */
  readonly #kept = new LRUCache<number, Kept | false>({
    max: MOST,
    maxSize: MOST_BYTES,
    sizeCalculation: (kept) => (kept ? kept.body.length : 1),
  });

  get({ pattern, body, sources }: PlanKey): Plan | undefined {
    if (body.length > LARGEST) return undefined;
    const kept = this.#kept.get(this.#sumOf({ pattern, body, sources }));
    if (!kept || kept.pattern !== pattern || kept.sources !== sources) return undefined;
    return Buffer.compare(kept.body, body) === 0 ? kept.plan : undefined;
  }

  /** Keeps a plan whose body has come before; of others it is remembered that they came. */
  add({ pattern, body, sources }: PlanKey, plan: Plan): void {
    if (body.length > LARGEST) return;
    const sum = this.#sumOf({ pattern, body, sources });
    // A plan that is kept and not used again costs more than to make one: it is collected late.
    const cameBefore = this.#kept.get(sum) !== undefined;
    // A small body stands in memory that it shares with others, which is not to be kept for it.
    this.#kept.set(sum, cameBefore && { pattern, body: new Uint8Array(body), sources, plan });
  }

  /** Of one body it is another for each pattern, and for each caller who may name other sources. */
  #sumOf({ pattern, body, sources }: PlanKey): number {
    let seed = this.#seeds.get(sources);
    if (seed === undefined) this.#seeds.set(sources, (seed = this.#next += PATTERNS.length));
    return crc32(body, seed + PATTERNS.indexOf(pattern));
  }
}
