import { serveAs } from './paired-service.ts';

/** How many things one batch asks for, and how many such batches there are. */
const COUNT = 10;
const BATCHES = 20;

await serveAs((url) => {
  const query = (path: unknown) => ({ source: 'store', op: 'get', params: { path } });
  const each = (pathAt: (at: number) => unknown) =>
    Object.fromEntries(Array.from({ length: COUNT }, (_, at) => [`k${at}`, query(pathAt(at))]));
  const params = { first: { type: 'integer', minimum: 0 } };
  return {
    sources: { store: { adapter: 'rest', url } },
    batches: {
      ...Object.fromEntries(
        Array.from({ length: BATCHES }, (_, first) => [
          `literal-${first}`,
          { pattern: 'kv', queries: each((at) => ['record', String(first), String(at)]) },
        ]),
      ),
      filled: { pattern: 'kv', params, queries: each((at) => ['record', { $param: '/first' }, String(at)]) },
    },
  };
});
