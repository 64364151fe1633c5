import { type Document, Long } from 'bson';
import { resolve } from 'mingo/util';
import { runPipeline } from './aggregate.ts';
import { toTyped } from './bson.ts';
import type { Command, Server } from './command.ts';
import { comparer } from './compare.ts';
import { Cursor } from './cursors.ts';
import { cursorReply } from './raw.ts';
import type { Request } from './request.ts';
import { arranged, checkHint, matching, natural, optionsOf, projected } from './select.ts';
import type { Stored } from './store.ts';

const FIRST_BATCH = 101;

/** Answers the first batch of a result and keeps the rest, if there is one, for `getMore`. */
export function openCursor(
  request: Request,
  { cursors }: Server,
  items: Iterator<Uint8Array>,
  { batchSize = FIRST_BATCH, single = false }: { batchSize?: number; single?: boolean } = {},
): Uint8Array {
  const cursor = new Cursor(`${request.database}.${request.collection ?? '$cmd.aggregate'}`, items);
  const batch = cursor.batch(batchSize);
  request.stopClock();
  const id = single ? Long.ZERO : cursors.keep(cursor, request.session);
  return cursorReply('firstBatch', batch, id, cursor.namespace);
}

/** `find` */
export const find: Command = (request, server) => {
  const { filter = {}, projection, batchSize, singleBatch, limit = 0 } = request.body;
  const options = optionsOf(request, server.store);
  const found = arranged(select(request, server, filter), request.body, options);
  const single = singleBatch === true || limit < 0;
  return openCursor(request, server, projected(found, projection, filter, options), { batchSize, single });
};

/** `aggregate`, which is also what the driver sends to count documents. */
export const aggregate: Command = (request, server) =>
  openCursor(request, server, runPipeline(request, server.store), { batchSize: request.body.cursor?.batchSize });

/** `count` */
export const count: Command = (request, server) => {
  const found = select(request, server, request.body.query ?? {});
  const { skip, limit } = request.body;
  return { n: arranged(found, { skip, limit }, {}).reduce((n) => n + 1, 0), ok: 1 };
};

/** `distinct`: each value once, in order, members of arrays one by one. */
export const distinct: Command = (request, server) => {
  const compare = comparer(optionsOf(request, server.store).collation);
  const values = select(request, server, request.body.query ?? {})
    .flatMap(({ raw }) => {
      const value = resolve(toTyped(raw), request.body.key as string);
      return Array.isArray(value) ? value : [value];
    })
    .filter((value) => value !== undefined);
  const ordered = [...values].toSorted(compare);
  return { values: ordered.filter((value, index) => index === 0 || compare(value, ordered[index - 1]) !== 0), ok: 1 };
};

/** `getMore` */
export const getMore: Command = ({ body }, { cursors }) => {
  const cursor = cursors.get(body.getMore);
  const batch = cursor.batch(body.batchSize || Infinity);
  if (cursor.exhausted) cursors.close(body.getMore);
  return cursorReply(
    'nextBatch',
    batch,
    cursor.exhausted ? Long.ZERO : Long.fromString(String(body.getMore)),
    cursor.namespace,
  );
};

/** `killCursors` */
export const killCursors: Command = ({ body }, { cursors }) => {
  const [cursorsKilled, cursorsNotFound]: [unknown[], unknown[]] = [[], []];
  for (const id of body.cursors as unknown[]) (cursors.close(id) ? cursorsKilled : cursorsNotFound).push(id);
  return { cursorsKilled, cursorsNotFound, cursorsAlive: [], cursorsUnknown: [], ok: 1 };
};

function select(request: Request, { store }: Server, filter: Document): IteratorObject<Stored> {
  const collection = store.read(request.database, request.collection ?? '');
  checkHint(collection, request.body.hint);
  const { hint, sort } = request.body;
  const found = matching(collection, filter, optionsOf(request, store), request);
  return sort?.$natural === undefined ? natural(found, hint) : found;
}
