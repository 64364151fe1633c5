import type { Document } from 'bson';
import { Query } from 'mingo/query';
import { toRaw } from './bson.ts';
import type { Command } from './command.ts';
import { operators } from './operators.ts';
import { openCursor } from './read.ts';

/** `listCollections` */
export const listCollections: Command = (request, server) => {
  const query = new Query(request.body.filter ?? {}, { context: operators });
  const collections = server.store
    .collections(request.database)
    .keys()
    .map((name) => ({ name, type: 'collection', options: {}, info: { readOnly: false } }))
    .filter((collection) => query.test(collection));
  return openCursor(
    request,
    server,
    collections.map((collection) => toRaw(collection)),
  );
};

/** `listIndexes` */
export const listIndexes: Command = (request, server) => {
  const { indexes } = server.store.read(request.database, request.collection ?? '');
  return openCursor(
    request,
    server,
    indexes.entries().map(([name, key]) => toRaw({ v: 2, key, name })),
  );
};

/** `createIndexes`: remembered for `hint` and `listIndexes` alone. */
export const createIndexes: Command = (request, server) => {
  const { indexes } = server.store.write(request.database, request.collection ?? '');
  const numIndexesBefore = indexes.size;
  for (const { name, key } of request.body.indexes as Document[]) indexes.set(name as string, key as Document);
  return { numIndexesBefore, numIndexesAfter: indexes.size, ok: 1 };
};

/** `drop` */
export const drop: Command = (request, server) => {
  server.store.drop(request.database, request.collection ?? '');
  return { ok: 1 };
};
