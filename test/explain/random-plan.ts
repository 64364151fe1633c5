import type { GeneratorValue } from 'fast-check';
import { Chooser } from '../chooser.ts';

type Query = Record<string, unknown>;

/** What any query answers, and where pointers lead into it. */
export const VALUE = {
  id: 'a b/c',
  n: 3,
  yes: true,
  none: null,
  list: ['x', 'y&z', 'ü'],
  items: [
    { id: 'i1', tags: ['t'] },
    { id: 'i2', tags: [] },
  ],
};
const SCALARS = ['/id', '/n', '/yes', '/list/1', '/items/0/id'];
const LISTS = ['/list', '/items', '/items/*/id', '/items/*/tags'];
const NOWHERE = ['/nowhere', '/list/7'];

/** A name that may be referred to: of a query, or of a forEach over one. */
interface Name {
  readonly name: string;
  /** What leads to one value of a query. */
  readonly into: string;
}

/**
 * Writes random requests of the sources `api`, `files` and `db`. Each query bears a number in what it asks
 * for, by which its calls are known.
 */
export class RandomPlan extends Chooser {
  #queries: number;

  constructor(g: GeneratorValue, first: number) {
    super(g);
    this.#queries = first;
  }

  /** How many queries there are by now, of all plans. */
  get queries(): number {
    return this.#queries;
  }

  /** A whole request. */
  body(pattern: string): Query {
    const race = this.#race(pattern);
    return { queries: this.#members(pattern, 0, [], false, race !== undefined), ...race };
  }

  /** Of a race, what becomes of the parts of its members is not told: they have none. */
  #members(
    pattern: string,
    depth: number,
    outer: readonly Name[],
    item: boolean,
    isRace: boolean,
  ): Query[] | Record<string, Query> {
    const members: Query[] = [];
    const names = [...outer];
    const count = 1 + this.below(depth === 0 ? 4 : 2);
    for (let at = 0; at < count; at += 1) {
      // A race may be decided before its members have what they wait for.
      const known = pattern === 'first-reply' ? outer : names;
      const isGroup = !isRace && depth < 2 && this.chance(5);
      const each = !isRace && this.chance(4) ? this.#list(known, item) : undefined;
      const written: Query = isGroup
        ? this.#group(depth, known, item || each !== undefined)
        : this.#query(known, item || each !== undefined);
      const name = pattern === 'kv' ? `k${depth}${at}` : String(at);
      members.push({
        ...written,
        ...(each !== undefined && { forEach: each }),
        ...this.#modifiers(known, item || each !== undefined, isRace),
      });
      if (!isGroup && pattern !== 'first-reply') names.push({ name, into: each === undefined ? '' : '/0' });
    }
    if (pattern !== 'kv') return members;
    return Object.fromEntries(members.map((member, at) => [`k${depth}${at}`, member]));
  }

  #group(depth: number, names: readonly Name[], item: boolean): Query {
    const pattern = this.of(['kv', 'ordered', 'first-reply']);
    // Within a list an index would be nearer than the same one around it.
    const known = pattern === 'kv' ? names : names.filter(({ name }) => name.startsWith('k'));
    const race = this.#race(pattern);
    return { pattern, queries: this.#members(pattern, depth + 1, known, item, race !== undefined), ...race };
  }

  #race(pattern: string): Query | undefined {
    if (pattern !== 'first-reply' || this.chance(3)) return undefined;
    return { take: 1 + this.below(2), ...(this.chance(2) && { hedgeMs: 5 }) };
  }

  #modifiers(names: readonly Name[], item: boolean, isRace: boolean): Query {
    return {
      ...(this.chance(5) && { [this.of(['when', 'unless'])]: this.#part(names, item, ['/yes', '/none', '/n']) }),
      ...(!isRace && this.chance(6) && { default: 'instead' }),
      ...(this.chance(6) && { timeoutMs: 1000 + this.below(500) }),
    };
  }

  #query(names: readonly Name[], item: boolean): Query {
    this.#queries += 1;
    const id = `q${this.#queries}`;
    const part = (): unknown =>
      this.#part(names, item, [...SCALARS, ...(this.chance(8) ? LISTS : []), ...(this.chance(3) ? NOWHERE : [])]);
    const joined = (): unknown => (this.chance(2) ? { $join: [`${id}-`, part(), '.json'] } : part());
    switch (this.below(8)) {
      case 0:
      case 1:
      case 2:
        return { source: 'db', ...this.#mongo(id, part, () => this.#list(names, item)) };
      case 3:
        return { source: 'files', ...this.#s3(id, joined) };
      case 4: {
        const body = this.of([joined(), { a: part(), b: [{ $verbatim: { $result: '/x' } }, part()] }]);
        return { source: 'api', op: 'post', params: { path: [id], body: this.chance(2) ? body : { sent: id } } };
      }
      default:
        return { source: 'api', ...this.#get(id, part, joined, () => this.#list(names, item)) };
    }
  }

  #get(id: string, part: () => unknown, joined: () => unknown, list: () => unknown): Query {
    const params = {
      path: this.of([`/${id}/plain path`, [id, part()], [id, joined(), 'end'], `/missing/${id}`]),
      ...(this.chance(2) && { query: { a: part(), ids: list(), 'b&c': [1, part()] } }),
      ...(this.chance(3) && { headers: { accept: 'application/json', 'if-none-match': part() } }),
    };
    return { op: this.of(['get', 'get', 'head']), params };
  }

  #s3(id: string, joined: () => unknown): Query {
    if (this.chance(4)) return { op: 'listObjects', params: { prefix: `${id}/`, limit: 1 + this.below(9) } };
    const key = this.of([`${id}/a b.json`, { $join: [`${id}/`, joined()] }]);
    const op = this.of(['getObject', 'headObject', 'presignGetObject']);
    const params =
      op === 'getObject' && this.chance(2) ? { key, range: 'bytes=0-9', ifModifiedSince: '2026-01-01' } : { key };
    return { op, params };
  }

  #mongo(id: string, part: () => unknown, list: () => unknown): Query {
    const filter = {
      id,
      ...(this.chance(2) && { a: part() }),
      ...(this.chance(2) && { b: { $in: this.chance(2) ? list() : [1, part()] } }),
      ...(this.chance(4) && { c: { $oid: '66f000000000000000000001' } }),
    };
    const collection = 'things';
    switch (this.below(5)) {
      case 0:
        return { op: 'findOne', params: { collection, filter, projection: { _id: 0 } } };
      case 1:
        return { op: 'countDocuments', params: { collection, filter, limit: 3 } };
      case 2: {
        const pipeline = [{ $match: filter }, { $set: { x: { $concat: ['$id', part()] } } }];
        return { op: 'aggregate', params: { collection, pipeline, ...(this.chance(3) && { batchSize: 7 }) } };
      }
      case 3:
        return { op: 'distinct', params: { collection, key: 'id', filter } };
      default: {
        const limit = this.of([{}, { limit: 2 }, { limit: 4, batchSize: 4 }, { limit: 9, batchSize: 2 }]);
        return { op: 'find', params: { collection, filter, sort: { b: 1, a: -1 }, ...limit } };
      }
    }
  }

  #list(names: readonly Name[], item: boolean): unknown {
    if (names.length > 0 && this.chance(2)) {
      const { name, into } = this.of(names);
      return { $result: `/${name}${into}${this.of(LISTS)}` };
    }
    return Array.from({ length: this.below(3) }, () => this.#part(names, item, SCALARS));
  }

  /** A value: written out, or another's. */
  #part(names: readonly Name[], item: boolean, pointers: readonly string[]): unknown {
    if (item && this.chance(3)) return { $item: '' };
    if (names.length === 0 || this.chance(4)) return this.of(['v', 7, true, 'ä/ö?']);
    const { name, into } = this.of(names);
    if (into === '' && this.chance(8)) return { $meta: `/${name}/etag` };
    return { $result: `/${name}${into}${this.of(pointers)}` };
  }
}
