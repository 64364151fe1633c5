import type { Document } from 'bson';
import { Lazy } from 'mingo/lazy';
import { Query } from 'mingo/query';
import type { Options } from 'mingo/types';
import { toRaw, toTyped, toView } from './bson.ts';
import { CODE, MongoFailure } from './failure.ts';
import { operators } from './operators.ts';
import { $project, isPlain, refuseUnknownFlags } from './project.ts';
import type { Request } from './request.ts';
import { sorted } from './sort.ts';
import type { Collection, Store, Stored } from './store.ts';

/** How mingo is to read a command: its collation, its variables, and the other collections it may name. */
export function optionsOf({ body, database }: Request, store: Store): Partial<Options> {
  return {
    context: operators,
    scriptEnabled: false,
    ...(body.collation && body.collation.locale !== 'simple' && { collation: body.collation }),
    ...(body.let && { variables: body.let }),
    // Fresh copies, for a pipeline may change what it is given.
    collectionResolver: (name) => Array.from(store.read(database, name).all(), ({ raw }) => toView(raw)),
  };
}

/**
 * The stored documents that match a filter. A collation knows more equals than the `_id` map does, so it
 * means a scan.
 */
export function matching(
  collection: Collection,
  filter: Document,
  options: Partial<Options>,
  request: Request,
): IteratorObject<Stored> {
  const query = new Query(filter, options);
  const candidates = options.collation ? collection.all() : collection.candidates(filter);
  return candidates.filter(({ view }) => {
    request.checkTime();
    return query.test(view);
  });
}

/** Sort, skip and limit; 0 and undefined are no limit, and a negative one counts as its positive. */
export function arranged(
  found: IteratorObject<Stored>,
  { sort, skip, limit }: { sort?: Document; skip?: number; limit?: number },
  { collation }: Partial<Options>,
): IteratorObject<Stored> {
  const isSorted = sort && Object.keys(sort).length > 0 && sort['$natural'] === undefined;
  const ordered = isSorted ? sorted(found, sort, collation, ({ view }) => view).values() : natural(found, sort);
  const rest = skip ? ordered.drop(skip) : ordered;
  return limit ? rest.take(Math.abs(limit)) : rest;
}

/** In the order in which they are stored, or from the last to the first where a sort or a hint says so. */
export function natural(found: IteratorObject<Stored>, asked: unknown): IteratorObject<Stored> {
  const { $natural } = Object(asked) as Document;
  return $natural < 0 ? [...found].toReversed().values() : found;
}

/** The documents as they are answered. Only a projection that computes loses the types of numbers. */
export function projected(
  found: IteratorObject<Stored>,
  projection: Document = {},
  filter: Document,
  options: Partial<Options>,
): IteratorObject<Uint8Array> {
  if (Object.keys(projection).length === 0) return found.map(({ raw }) => raw);
  refuseUnknownFlags(projection);
  const cursor = isPlain(projection)
    ? $project(Lazy(found.map(({ raw }) => toTyped(raw))), projection, { idKey: '_id', ...options } as Options)
    : new Query(filter, options).find(
        found.map(({ raw }) => toView(raw)),
        projection,
      );
  return encoded(cursor as unknown as Iterable<Document>);
}

/** Documents as bytes; a value that mingo left undefined is not there. */
export function encoded(documents: Iterable<Document>): IteratorObject<Uint8Array> {
  return Iterator.from(documents).map((document) => toRaw(document, { ignoreUndefined: true }));
}

/** Refuses the name or key pattern of an index that is not there. */
export function checkHint({ indexes }: Collection, hint: unknown): void {
  if (hint === undefined) return;
  const wanted = JSON.stringify(hint);
  const known =
    typeof hint === 'string' ? indexes.has(hint) : indexes.values().some((key) => JSON.stringify(key) === wanted);
  if (known || wanted.startsWith('{"$natural"')) return;
  throw new MongoFailure(
    CODE.BadValue,
    'error processing query: hint provided does not correspond to an existing index',
  );
}
