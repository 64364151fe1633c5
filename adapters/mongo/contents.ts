import { CodapError, type Code } from '../../src/errors.ts';
import type { Value } from '../../src/store/payload.ts';
import type { Ask } from '../adapter.ts';
import type { Found, Outline } from './outline.ts';
import type { MongoQuery } from './query.ts';

/** The op of a look at some documents, of which an Outline is made. No client can name it. */
export const OUTLINED = 'outline';

/** Documents of a collection that are looked at. */
const SAMPLE = 100;
/** Places that are told, of all collections together. */
const MOST_PLACES = 1000;
/** Collections that are looked at at a time. */
const AT_ONCE = 4;

/** What was found in one collection. */
interface Sampled {
  /** Documents that were looked at. */
  readonly sampled: number;
  /** Something stands at the top of documents that is not told. */
  readonly more?: true;
  /** By JSON Pointer, `*` for each member of a list. */
  readonly fields: Readonly<Record<string, Found>>;
}

/** Why one could not be looked at. */
interface Unseen {
  readonly error: Pick<CodapError, 'code' | 'message' | 'retryable'>;
}

/**
 * The fields of each collection, found in one sample of it, or why there is none; no value leaves the store's
 * answer. Fails as the first one did where none could be looked at.
 */
export async function mongoContents(collections: readonly string[], ask: Ask): Promise<object> {
  const outlines = new Map<string, Outline>();
  const failures = new Map<string, CodapError>();
  const names = [...new Set(collections)];
  const left = names.values();
  const look = async (): Promise<void> => {
    for (const collection of left) {
      try {
        const payload = await ask({ op: OUTLINED, params: sampleOf(collection), want: 'value' });
        outlines.set(collection, (payload as Value).value as Outline);
      } catch (error) {
        if (!(error instanceof CodapError) || NOT_THE_STORES.has(error.code)) throw error;
        failures.set(collection, error);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, look));
  const [first] = failures.values();
  if (first && outlines.size === 0) throw first;
  const shares = sharesOf([...outlines].map(([name, { size }]) => [name, size]));
  const told = names.map((name) => {
    const failure = failures.get(name);
    return [name, failure ? unseen(failure) : sampled(outlines.get(name)!, shares.get(name)!)];
  });
  return { collections: Object.fromEntries(told) as object };
}

/** Nobody waits for it any more, or codap itself is at fault. */
const NOT_THE_STORES: ReadonlySet<Code> = new Set(['CANCELLED', 'INTERNAL']);

function unseen({ code, message, retryable }: CodapError): Unseen {
  return { error: { code, message, retryable } };
}

function sampleOf(collection: string): MongoQuery {
  // More than there can be, so that the store keeps no cursor.
  const cursor = { batchSize: SAMPLE + 1 };
  const pipeline = [{ $sample: { size: SAMPLE } }];
  return { collection, mode: 'plain', command: { aggregate: collection, pipeline, cursor, allowDiskUse: false } };
}

function sampled(outline: Outline, most: number): Sampled {
  const fields = outline.told(most);
  return { sampled: outline.documents, ...(outline.more && { more: true }), fields };
}

/** How many places of each collection are told: those that have few leave the rest to the others. */
function sharesOf(sizes: readonly [name: string, size: number][]): ReadonlyMap<string, number> {
  let left = MOST_PLACES;
  const ordered = sizes.toSorted(([, a], [, b]) => a - b);
  return new Map(
    ordered.map(([name, size], at) => {
      const share = Math.min(size, Math.floor(left / (ordered.length - at)));
      left -= share;
      return [name, share];
    }),
  );
}
