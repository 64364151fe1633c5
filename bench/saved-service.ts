import { serveAs } from './paired-service.ts';

/** How many things one batch asks for. */
const COUNT = 10;

await serveAs((url) => {
  const query = (path: unknown) => ({ source: 'store', op: 'get', params: { path } });
  const each = (pathAt: (at: number) => unknown) =>
    Object.fromEntries(Array.from({ length: COUNT }, (_, at) => [`k${at}`, query(pathAt(at))]));
  const params = { first: { type: 'integer', minimum: 0 } };
  return {
    sources: { store: { adapter: 'rest', url } },
    batches: {
      literal: { pattern: 'kv', queries: each((at) => ['record', '0', String(at)]) },
      filled: { pattern: 'kv', params, queries: each((at) => ['record', { $param: '/first' }, String(at)]) },
    },
  };
});
