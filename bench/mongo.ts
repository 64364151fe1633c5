import { compare, type Case } from './paired.ts';
import { start } from './start.ts';
import { DOCUMENTS, idOf } from './mongo-documents.ts';

/** Many documents of MongoDB by codap and by a hand-written service over Fastify and the driver. */
const query = (source: string, op: string, filter: object) => ({ source, op, params: { collection: 'items', filter } });

function single(count: number, source: 'merged' | 'alone', must: number): Case {
  const batches = Array.from({ length: DOCUMENTS / count }, (_, batch) =>
    Array.from({ length: count }, (_, at) => idOf(batch * count + at).toHexString()),
  );
  const queries = (ids: readonly string[]) =>
    Object.fromEntries(ids.map((id, at) => [`k${at}`, query(source, 'findOne', { _id: { $oid: id } })]));
  return {
    name: `${count} findOne, ${source}`,
    count,
    of: 'document',
    codap: batches.map((ids) => JSON.stringify({ queries: queries(ids) })),
    byHand: batches.map((ids) => JSON.stringify({ ids })),
    must,
  };
}

const all: Case = {
  name: `a find of ${DOCUMENTS}`,
  count: DOCUMENTS,
  of: 'document',
  codap: [JSON.stringify({ queries: { all: query('alone', 'find', {}) } })],
  byHand: ['{}'],
  must: 2,
};

const store = await start('./mongo-store.ts');
const url = `mongodb://127.0.0.1:${store.port}/?directConnection=true`;
await compare('./mongo-service.ts', url, [
  single(10, 'merged', 4),
  single(100, 'merged', 12),
  single(10, 'alone', 0.95),
  single(100, 'alone', 0.95),
  all,
]);
store.child.disconnect();
