import mime from 'mime';
import type { Value } from '../../src/store/payload.ts';
import type { Ask } from '../adapter.ts';
import { isName, isVaried, MOST_NAMES } from '../naming.ts';
import type { Listing } from './page.ts';
import type { ListObjects } from './params.ts';

/** Keys that are looked at: as many as one page has (Amazon S3 API reference, ListObjectsV2). */
const KEYS = 1000;
/** Prefixes that one may stand in. */
const MOST_DEPTH = 4;
/** The type of a key whose ending is not known. */
const UNKNOWN = 'application/octet-stream';

/** Objects of a kind: how many, and their bytes. */
interface Counted {
  objects: number;
  bytes: number;
}

/** What stands below a prefix, whatever stands between. */
class Prefix implements Counted {
  objects = 0;
  bytes = 0;
  readonly types = new Map<string, Counted>();
  readonly below = new Map<string, Prefix>();
  more = false;

  add(size: number, type: string): void {
    const counted = this.types.get(type) ?? { objects: 0, bytes: 0 };
    this.types.set(type, counted);
    for (const count of [this, counted]) {
      count.objects += 1;
      count.bytes += size;
    }
  }

  /** The prefix in it with that name, where that is told. */
  at(name: string, depth: number): Prefix | undefined {
    const known = this.below.get(name);
    if (known) return known;
    if (depth > MOST_DEPTH || !isName(name) || this.below.size > MOST_NAMES) {
      this.more = true;
      return undefined;
    }
    const made = new Prefix();
    this.below.set(name, made);
    return made;
  }

  /** It and those in it by their whole prefixes; those that are told apart by data are left out. */
  *told(prefix = ''): Generator<[prefix: string, told: object]> {
    const held = this.below.values().reduce((sum, { objects }) => sum + objects, 0);
    if (isVaried(this.below.size, held, held)) {
      this.below.clear();
      this.more = true;
    }
    const { objects, bytes, types, more } = this;
    yield [prefix, { objects, bytes, types: Object.fromEntries(types), ...(more && { more }) }];
    for (const [name, below] of this.below) yield* below.told(`${prefix}${name}/`);
  }
}

/**
 * The prefixes among the first 1,000 keys below the source's own, and the types that the endings of keys
 * stand for; no key is told. `truncated`: there are further keys.
 */
export async function s3Contents(prefix: string, ask: Ask): Promise<object> {
  const params: ListObjects = { prefix, limit: KEYS };
  const { value } = (await ask({ op: 'listObjects', params, want: 'value' })) as Value;
  const { objects, nextToken } = value as Listing;
  const root = new Prefix();
  for (const { key, size } of objects) {
    const type = mime.getType(key) ?? UNKNOWN;
    let place: Prefix | undefined = root;
    place.add(size, type);
    for (const [at, name] of key.split('/').slice(0, -1).entries()) {
      place = place.at(name, at + 1);
      if (!place) break;
      place.add(size, type);
    }
  }
  return { truncated: nextToken !== null, prefixes: Object.fromEntries(root.told()) };
}
