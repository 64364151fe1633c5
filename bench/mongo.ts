import { compare, type Case } from './paired.ts';
import { start } from './start.ts';
import { DOCUMENTS, idOf } from './mongo-documents.ts';

/** Many documents of MongoDB by codap and by a hand-written service over Fastify and the driver. */
const query = (op: string, filter: object) => ({ source: 'shop', op, params: { collection: 'items', filter } });

function single(count: number): Case {
  const batches = Array.from({ length: DOCUMENTS / count }, (_, batch) =>
    Array.from({ length: count }, (_, at) => idOf(batch * count + at).toHexString()),
  );
  const queries = (ids: readonly string[]) =>
    Object.fromEntries(ids.map((id, at) => [`k${at}`, query('findOne', { _id: { $oid: id } })]));
  return {
    name: `${count} findOne`,
    count,
    of: 'document',
    codap: batches.map((ids) => JSON.stringify({ queries: queries(ids) })),
    byHand: batches.map((ids) => JSON.stringify({ ids })),
    // They are merged.
    must: count === 100 ? 12 : 4,
    guard: count === 100 ? 1.8 : 0.7,
  };
}

const all: Case = {
  name: `a find of ${DOCUMENTS}`,
  count: DOCUMENTS,
  of: 'document',
  codap: [JSON.stringify({ queries: { all: query('find', {}) } })],
  byHand: ['{}'],
  must: 2,
};

const store = await start('./mongo-store.ts');
const url = `mongodb://127.0.0.1:${store.port}/?directConnection=true`;
await compare('./mongo-service.ts', url, [single(10), single(100), all]);
store.child.disconnect();
