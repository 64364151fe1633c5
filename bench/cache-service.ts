import { serveAs } from './paired-service.ts';

/** codap with a cache before its source, or without one. */
await serveAs((url) => {
  const store = { adapter: 'rest', url };
  return { sources: { store, kept: { ...store, cache: { ttlMs: 60_000 } } } };
});
