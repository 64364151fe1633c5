import { batch, CSV, each, find, get, keyed, kv, NDJSON, SSE, TAR, TAR_GZ, times, ZIP, type Shape } from './making.ts';

const ARCHIVES = [ZIP, TAR, TAR_GZ];
const FRAMED = [NDJSON, SSE];

/** Shapes that cost where they are encoded. */
export const encodedShapes: readonly Shape[] = [
  ...ARCHIVES.flatMap((accept) => [
    kv(
      `archive: large values as ${accept}`,
      keyed(7, () => get('/zeros/4000000', { select: '' })),
      {},
      accept,
    ),
    kv(
      `archive: large texts as ${accept}`,
      keyed(7, () => get('/text/8000000', { select: { all: '' } })),
      {},
      accept,
    ),
    kv(`archive: large documents as ${accept}`, { q: find({ collection: 'large' }) }, {}, accept),
    kv(`archive: very many entries as ${accept}`, each(get('/rows/1000', { select: '' })), {}, accept),
    kv(
      `archive: bodies as ${accept}`,
      keyed(100, () => get('/text/8000000')),
      {},
      accept,
    ),
  ]),
  ...FRAMED.flatMap((accept) => [
    kv(
      `frames: large values as ${accept}`,
      keyed(7, () => get('/zeros/4000000', { select: '' })),
      {},
      accept,
    ),
    kv(
      `frames: line ends as ${accept}`,
      keyed(7, () => get('/escaped/4000000')),
      {},
      accept,
    ),
    kv(`frames: very many as ${accept}`, each(get('/rows/1000')), {}, accept),
    batch(
      `frames: in order, behind the slowest, as ${accept}`,
      '/ordered',
      [get('/slow'), ...times(20, () => get('/rows/50000'))],
      {},
      accept,
    ),
  ]),
  ...['lines', 'controls'].flatMap((kind) =>
    ['application/json', NDJSON, ZIP].map((accept) =>
      kv(
        `texts: of ${kind} as ${accept}`,
        keyed(7, () => get(`/${kind}/8000000`)),
        {},
        accept,
      ),
    ),
  ),
  kv('csv: very many rows', { q: get('/objects/400000') }, {}, CSV),
  kv('csv: very many rows of one selected column', { q: get('/objects/400000', { select: '/*/id' }) }, {}, CSV),
  kv('csv: a row of very many columns', { q: get('/keys/500000') }, {}, CSV),
  kv('csv: a cell of very many quotes', { q: get('/quotes/4000000') }, {}, CSV),
  kv('csv: a cell with a long list in it', { q: get('/holder/4000000') }, {}, CSV),
  kv('csv: rows with objects in them', { q: get('/rows/200000') }, {}, CSV),
];
