import { serveAs } from './paired-service.ts';

/** codap before a store, with the callers that `CALLERS` names as JSON. */
await serveAs((url) => ({
  sources: { store: { adapter: 'rest', url, coalesce: false } },
  callers: JSON.parse(process.env['CALLERS']!) as object,
}));
