import { ask, CSV, get, NDJSON, post, ref, SSE, TAR, TAR_GZ, ZIP, type Shape } from './making.ts';
import type { Random } from './random.ts';

const PATTERNS = ['kv', 'ordered', 'first-reply'] as const;
const ACCEPTS = ['application/json', NDJSON, SSE, ZIP, TAR, TAR_GZ, CSV, 'application/octet-stream'];
/** Those that are for one reply. */
const ALONE = new Set([CSV, 'application/octet-stream']);
const BODY_BYTES = 2 ** 20;

/** What a store answers to each path, at about `maxBytes` at most, and a pointer or two that lead into it. */
const PATHS: Readonly<Record<string, readonly [most: number, ...pointers: string[]]>> = {
  zeros: [4_000_000, '', '/*', '/0'],
  names: [800_000, '', '/*'],
  digits: [390_000, '', '/*'],
  objects: [400_000, '/*', '/*/id', '/0/id', '/*/x/y'],
  lists: [2_500_000, '', '/*', '/*/*', '/0'],
  rows: [280_000, '/*/r', '/*/r/*', '/*/s/t', '/0'],
  holder: [4_000_000, '/0/r', '/0/r/*', '/*/r/*'],
  keys: [600_000, '', '/k1', '/*'],
  numbered: [700_000, '', '/5'],
  deep: [990, '', '/0/0/0', '/*/*/*/*'],
  text: [8_000_000, ''],
  wide: [2_600_000, ''],
  escaped: [4_000_000, ''],
  blank: [8_000_000, ''],
  missing: [1, ''],
  slow: [1, ''],
};
const COLLECTIONS: Readonly<Record<string, readonly string[]>> = {
  items: ['', '/0'],
  rows: ['', '/*/tags', '/*/tags/*', '/0/text'],
  large: ['', '/*/list', '/0/list/*'],
  deep: ['', '/*/l/*/d', '/0'],
};

type Query = Record<string, unknown>;

/**
 * A random batch: parts of all sorts, each as large as chance will have it, up to what one request may say.
 */
export function randomBatch(random: Random, name: string): Shape {
  for (;;) {
    const shape = new Maker(random).batch(name);
    if (shape.body.length <= BODY_BYTES) return shape;
  }
}

class Maker {
  readonly #random: Random;
  readonly #accept: string;
  /** Names of the top level that may be referred to, each with the pointers that lead into it. */
  readonly #names: (readonly [string, readonly string[]])[] = [];
  /** What is left of the body, in bytes, for long lists. */
  #room: number;
  readonly #isLong: boolean;

  constructor(random: Random) {
    this.#random = random;
    this.#accept = random.chance(0.5) ? 'application/json' : random.pick(ACCEPTS);
    this.#room = random.size(BODY_BYTES) * 0.8;
    this.#isLong = this.#room > 50_000;
  }

  batch(name: string): Shape {
    const { pick, chance, size } = this.#random;
    const pattern = chance(0.7) ? 'kv' : pick(PATTERNS);
    const alone = ALONE.has(this.#accept) && chance(0.9);
    const queries = this.#members(pattern, alone ? 1 : chance(0.1) ? size(490) : size(20), 0);
    const json = this.#accept === 'application/json';
    const body = {
      // A long body is read, in turns with others, before its deadline is known.
      timeoutMs: (this.#isLong ? 300 : 50) + size(2000),
      queries,
      ...(json && chance(0.2) && { shape: 'values' }),
      ...(chance(0.1) && { onError: 'fail' }),
      ...(pattern === 'first-reply' && this.#take(queries)),
    };
    return { name, path: `/${pattern}`, body: JSON.stringify(body), accept: this.#accept };
  }

  #members(pattern: string, count: number, depth: number): object {
    const members: Query[] = [];
    for (let at = 0; at < count; at += 1) {
      const [query, pointers] = this.#node(depth);
      // Nothing within a group is called like what stands at the top, so that it can be named from
      // everywhere.
      const isList = pattern !== 'kv';
      members.push(depth === 0 && isList ? { ...query, as: `t${at}` } : query);
      if (depth === 0 && !('stream' in query)) this.#names.push([`t${at}`, pointers]);
    }
    const letter = depth === 0 ? 't' : 'k';
    return pattern === 'kv' ? Object.fromEntries(members.map((query, at) => [letter + at, query])) : members;
  }

  #take(queries: object): object {
    const { chance, size } = this.#random;
    if (!chance(0.6)) return {};
    return { take: size(Object.keys(queries).length), ...(chance(0.5) && { hedgeMs: size(20) }) };
  }

  #node(depth: number): [Query, readonly string[]] {
    const { chance, pick, size } = this.#random;
    const [query, pointers] = depth < 3 && chance(0.15) ? this.#group(depth) : this.#query();
    const isForEach = chance(0.25);
    const streamed = 'op' in query && query['op'] === 'find' && this.#accept !== 'application/json' && chance(0.5);
    const modified: Query = {
      ...query,
      ...(isForEach && { forEach: this.#list(), ...(chance(0.3) && { concurrency: size(64) }) }),
      ...(chance(0.15) && { [pick(['when', 'unless'])]: this.#condition(isForEach) }),
      ...(chance(0.1) && { timeoutMs: size(2000) }),
      ...(chance(0.1) && { hidden: true }),
      ...(chance(0.03) && { required: true }),
      ...(chance(0.1) && { as: this.#name(isForEach) }),
      ...(streamed
        ? { stream: true }
        : {
            ...(chance(0.3) && { select: this.#selection(pointers, isForEach) }),
            ...(chance(0.1) && { default: this.#literal() }),
            ...(chance(0.1) && { accept: pick(['any', 'found']) }),
          }),
    };
    return [modified, isForEach ? pointers.map((pointer) => `/*${pointer}`) : pointers];
  }

  #group(depth: number): [Query, readonly string[]] {
    const { pick, size } = this.#random;
    const pattern = pick(PATTERNS);
    const queries = this.#members(pattern, size(12), depth + 1);
    return [{ pattern, queries, ...(pattern === 'first-reply' && this.#take(queries)) }, ['', '/k0', '/0', '/*']];
  }

  #query(): [Query, readonly string[]] {
    const { chance, pick, size } = this.#random;
    if (chance(0.35)) return this.#mongo();
    const kind = pick(Object.keys(PATHS));
    const [most, ...pointers] = PATHS[kind] as readonly [number, ...string[]];
    if (chance(0.3)) return [post(this.#value()), ['', '/0']];
    return [get(`/${kind}/${size(most)}`), pointers];
  }

  #mongo(): [Query, readonly string[]] {
    const { chance, pick, size } = this.#random;
    const collection = pick(Object.keys(COLLECTIONS));
    const pointers = COLLECTIONS[collection] as readonly string[];
    const ejson = chance(0.3) ? { ejson: pick(['canonical', 'relaxed']) } : {};
    const op = pick(['find', 'find', 'findOne', 'aggregate', 'distinct', 'countDocuments']);
    const filter = chance(0.3) ? { filter: { a: chance(0.5) ? { $in: this.#list() } : this.#value() } } : {};
    const batch = chance(0.3) ? { batchSize: size(5000) } : {};
    if (op === 'aggregate') return [ask(op, { collection, pipeline: [], ...ejson, ...batch }), pointers];
    if (op === 'distinct') return [ask(op, { collection, key: pick(['list', 'tags', 'name']), ...ejson }), ['', '/*']];
    if (op === 'countDocuments') return [ask(op, { collection, ...filter }), ['']];
    if (op === 'findOne')
      return [ask(op, { collection, ...filter, ...ejson }), pointers.map((it) => it.replace(/^\/[*0]/, ''))];
    return [ask(op, { collection, ...filter, ...ejson, ...batch }), pointers];
  }

  #reference(): object {
    const { chance, pick } = this.#random;
    if (this.#names.length === 0) return [0, 1];
    if (!chance(0.1)) return ref(this.#pointer());
    return { $meta: `/${pick(this.#names)[0]}/${pick(['size', 'etag', 'contentType'])}` };
  }

  #pointer(): string {
    const [name, pointers] = this.#random.pick(this.#names);
    return `/${name}${this.#random.pick(pointers)}`;
  }

  /** A list: written out, or another's value. */
  #list(): unknown {
    const { chance, size } = this.#random;
    if (this.#names.length > 0 && chance(0.6)) return ref(this.#pointer());
    const count = Math.min(size(900), this.#spend(8 * 900) / 8);
    return Array.from({ length: count }, (_, at) => at);
  }

  #literal(): unknown {
    const { chance } = this.#random;
    const bytes = this.#spend(Infinity);
    if (chance(0.3)) return 'x'.repeat(bytes);
    if (chance(0.5)) return Array.from({ length: bytes / 2 }, () => 1);
    return Object.fromEntries(Array.from({ length: bytes / 10 }, (_, at) => [`k${at}`, 1]));
  }

  /** A value to be sent: written out, with references in it, or joined. */
  #value(): unknown {
    const { chance } = this.#random;
    if (chance(0.3)) return this.#literal();
    if (chance(0.2)) return this.#reference();
    const parts = this.#repeated(() => this.#reference());
    return chance(0.3) ? { $join: ['x', ...parts] } : parts;
  }

  #selection(pointers: readonly string[], hasItem: boolean): unknown {
    const { chance, pick } = this.#random;
    if (chance(0.3)) return pick(pointers);
    const leaf = (): unknown =>
      chance(0.9) ? pick(pointers) : hasItem && chance(0.5) ? { $item: '' } : this.#reference();
    const one = leaf();
    const leaves = this.#repeated(() => (chance(0.5) ? one : leaf()));
    return Object.fromEntries(leaves.map((it, at) => [`k${at}`, it]));
  }

  #condition(hasItem: boolean): unknown {
    const { chance } = this.#random;
    const one = hasItem && chance(0.5) ? { $item: '' } : this.#reference();
    if (chance(0.3)) return { equals: [one, this.#reference()] };
    return chance(0.6) ? { in: [one, this.#reference()] } : one;
  }

  #name(hasItem: boolean): unknown {
    const { chance } = this.#random;
    return { $join: ['n/', hasItem ? { $item: '' } : 'x', ...(chance(0.3) ? [this.#reference()] : [])] };
  }

  /** So many of something as there is room for. */
  #repeated<T>(make: () => T): T[] {
    const made: T[] = [];
    for (let left = this.#spend(Infinity); left > 0; left -= 8 + JSON.stringify(made.at(-1)).length) made.push(make());
    return made;
  }

  /** Takes some of the room. */
  #spend(most: number): number {
    const bytes = Math.floor(Math.min(this.#random.size(this.#room), most));
    this.#room = Math.max(1, this.#room - bytes);
    return bytes;
  }
}
