import { ask, find, get, keyed, kv, NDJSON, post, ref, SSE, TAR, times, ZIP, type Shape } from './making.ts';

const large = { collection: 'large' };
const rows = { collection: 'rows' };
const deep = { collection: 'deep' };
const aggregate = (params: object, more: object = {}) => ask('aggregate', { pipeline: [], ...params }, more);
const streamed = { stream: true };

/** What is streamed: a large document, very many, and very deep ones. */
const STREAMED = {
  'large documents': find(large, streamed),
  'large documents, aggregated': aggregate(large, streamed),
  'very many documents': find({ ...rows, batchSize: 5000 }, streamed),
  'very many documents, aggregated': aggregate({ ...rows, batchSize: 5000 }, streamed),
  'deep documents': find({ ...deep, batchSize: 3000 }, streamed),
};

/** Shapes of queries to a MongoDB that has something to tell. */
export const mongoShapes: readonly Shape[] = [
  ...Object.entries(STREAMED).flatMap(([what, query]) =>
    [NDJSON, SSE, ZIP, TAR].map((accept) => kv(`mongo: ${what}, streamed as ${accept}`, { q: query }, {}, accept)),
  ),
  ...['lines', 'controls'].flatMap((collection) => [
    kv(`mongo: a text of ${collection}`, { q: ask('findOne', { collection }) }),
    kv(`mongo: a text of ${collection}, streamed`, { q: find({ collection }, streamed) }, {}, NDJSON),
  ]),
  kv(
    'mongo: all of it, streamed at once',
    keyed(10, (at) => Object.values(STREAMED)[at % 5] as object),
    {},
    NDJSON,
  ),
  kv('mongo: large documents in Extended JSON', { q: find({ ...large, ejson: 'canonical' }) }),
  kv('mongo: very many documents in Extended JSON', { q: find({ ...rows, ejson: 'canonical' }) }),
  kv(
    'mongo: large documents in Extended JSON, streamed',
    { q: find({ ...large, ejson: 'canonical' }, streamed) },
    {},
    SSE,
  ),
  kv('mongo: distinct members of a long list', { q: ask('distinct', { ...large, key: 'list' }) }),
  kv('mongo: distinct members, each selected', {
    q: ask('distinct', { ...large, key: 'list' }, { select: keyed(2500, () => '/*') }),
  }),
  kv(
    'mongo: very many whole answers',
    keyed(20, () => find(large)),
  ),
  kv(
    'mongo: very many answers of very many documents',
    keyed(20, () => find(rows)),
  ),
  kv('select: many leaves over documents', { q: find(rows, { select: keyed(2500, () => '/*/tags/*') }) }),
  kv('select: many leaves over a large document', {
    q: ask('findOne', large, { select: keyed(2500, () => '/list/*') }),
  }),
  kv('select: the depths of deep documents', {
    q: find(deep, { select: keyed(1000, (at) => `/*${'/l/*/d'.repeat(at % 28)}`) }),
  }),
  kv('select: documents whole, with Extended JSON', {
    q: find({ ...rows, ejson: 'canonical' }, { select: keyed(20, () => '') }),
  }),
  kv('references: a long list of a document in a filter', {
    a: ask('findOne', large),
    q: find({ filter: { a: { $in: ref('/a/list') } } }),
  }),
  kv('references: a long list of a document in very many filters', {
    a: ask('findOne', large),
    ...keyed(50, () => find({ filter: { a: { $in: ref('/a/list') } } })),
  }),
  kv('references: documents in filters for each of very many', {
    a: find({ ...rows, limit: 900 }),
    q: { forEach: ref('/a'), ...find({ filter: { a: { $item: '' } } }) },
  }),
  kv('references: documents in a body very often', { a: find(rows), q: post(times(20_000, () => ref('/a/*/tags'))) }),
  kv('references: to what is distinct, very often', {
    a: ask('distinct', { ...large, key: 'list' }),
    q: post(times(20_000, () => ref('/a'))),
  }),
  kv('$join: a long list of a document', { a: ask('findOne', large), q: post({ $join: [ref('/a/list')] }) }),
  kv('when: equal documents', {
    a: find(large),
    b: find(large),
    q: get('/zeros/1', { when: { equals: [ref('/a'), ref('/b')] } }),
  }),
  kv('when: deep documents in a list', {
    a: find(deep),
    q: get('/zeros/1', { when: { in: [ref('/a/2999'), ref('/a')] } }),
  }),
];
