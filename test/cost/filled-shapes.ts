import { find, get, kv, post, ref, times, type Shape } from './making.ts';

const TEXTS = { letters: 'a', marks: '!', digits: '1', wide: '漢' };
/** A text of some size that came by a reference, and one of very many of it. */
const of = (character: string) => get('/missing', { default: character.repeat(30_000) });
const z = ref('/z');
const joined = { $join: times(2000, () => z) };

/** Where a query is filled in, with something so long. */
const PLACES: Readonly<Record<string, (it: unknown) => object>> = {
  'a field': (it) => find({ filter: { a: it } }),
  'a pattern': (it) => find({ filter: { a: { $regex: it } } }),
  'a search': (it) => find({ filter: { $text: { $search: it } } }),
  coordinates: (it) => find({ filter: { a: { $near: { $geometry: { type: 'Point', coordinates: [it, 0] } } } } }),
  ...Object.fromEntries(
    ['$oid', '$uuid', '$date', '$numberInt', '$numberLong', '$numberDouble', '$numberDecimal'].map((wrapper) => [
      wrapper,
      (it: unknown) => find({ filter: { a: { [wrapper]: it } } }),
    ]),
  ),
  $binary: (it) => find({ filter: { a: { $binary: { base64: it, subType: '0' } } } }),
  'a query': (it) => get('', { params: { path: '/zeros/1', query: { a: it } } }),
  'a header': (it) => get('', { params: { path: '/zeros/1', headers: { accept: it } } }),
  'a segment': (it) => get('', { params: { path: [it] } }),
  'a body': (it) => post(it),
  'a member of a body': (it) => post([it]),
};

const escapes = '%25'.repeat(2730);
const segments = (it: unknown) => get('', { params: { path: times(100, () => it) } });

/** Shapes of queries that are filled in with very long texts. */
export const filledShapes: readonly Shape[] = [
  ...Object.entries(PLACES).flatMap(([place, query]) =>
    Object.entries(TEXTS).map(([what, character]) =>
      kv(`filled in: ${place}, with ${what}`, { z: of(character), a: query(joined) }),
    ),
  ),
  kv('filled in: very many patterns', {
    z: of('!'),
    a: find({ filter: { $or: times(400, () => ({ a: { $regex: z } })) } }),
  }),
  kv('filled in: very many decimals', {
    z: get('/missing', { default: `1.${'0'.repeat(4000)}` }),
    a: find({ filter: { a: { $in: times(10_000, () => ({ $numberDecimal: z })) } } }),
  }),
  kv('filled in: coordinates of a long list', {
    z: get('/zeros/4000000'),
    a: find({ filter: { a: { $near: { $geometry: { type: 'Point', coordinates: z } } } } }),
  }),
  kv('filled in: segments of escapes, for each of very many', {
    z: get('/missing', { default: escapes }),
    a: { forEach: times(300, (at) => at), ...segments(z) },
  }),
  kv('planning: segments of escapes', { a: segments(escapes) }),
];
