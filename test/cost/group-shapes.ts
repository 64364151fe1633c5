import { batch, each, get, keyed, kv, post, ref, times, type Shape } from './making.ts';

const meta = (pointer: string) => ({ $meta: pointer });
const small = () => get('/zeros/1');

/** Shapes of groups and of what stands over them: a pattern, `forEach`, `take`, `shape`, `onError`. */
export const groupShapes: readonly Shape[] = [
  kv('$meta: very many for each of many', {
    a: get('/zeros/10'),
    ...each(post(times(15_000, () => meta('/a/size')))),
  }),
  kv('$meta: joined', { a: get('/zeros/10'), q: post({ $join: times(30_000, () => meta('/a/contentType')) }) }),
  kv('$meta: selected', { a: get('/zeros/10'), q: get('/zeros/1', { select: keyed(20_000, () => meta('/a/size')) }) }),
  kv('$meta: in conditions', {
    a: get('/zeros/10'),
    q: get('/zeros/1', { when: { in: [meta('/a/size'), times(20_000, () => meta('/a/etag'))] } }),
  }),
  kv(
    'values: large answers',
    keyed(7, () => get('/zeros/4000000')),
    { shape: 'values' },
  ),
  kv(
    'values: groups of very many answers',
    keyed(4, () => ({
      pattern: 'kv',
      queries: keyed(4, () => ({ pattern: 'ordered', queries: times(30, () => get('/rows/5000')) })),
    })),
    { shape: 'values' },
  ),
  kv('values: over very many items', each(get('/rows/1000')), { shape: 'values' }),
  kv(
    'values: a large group that is referred to',
    {
      g: { pattern: 'kv', queries: keyed(100, () => get('/rows/1000')) },
      q: post(times(5000, () => ref('/g'))),
    },
    { shape: 'values' },
  ),
  kv('references: very many into a list of very many', {
    g: { pattern: 'ordered', queries: times(490, small) },
    q: get('/zeros/1', { params: { path: '/zeros/1', query: { a: times(30_000, (at) => ref(`/g/${at}/*`)) } } }),
  }),
  kv('references: very many over a list of very many', {
    g: { pattern: 'ordered', queries: times(490, small) },
    q: post(times(30_000, (at) => ref(`/g/*/x${at}`))),
  }),
  kv('references: very many into a group of very many keys', {
    g: { pattern: 'kv', queries: keyed(490, small) },
    q: post(times(30_000, (at) => ref(`/g/k${at % 490}/x${at}`))),
  }),
  batch(
    'first-reply: hedged, over very many',
    '/first-reply',
    times(490, () => get('/slow')),
    { take: 1, hedgeMs: 1 },
  ),
  batch(
    'first-reply: all but the last of very many',
    '/first-reply',
    times(490, (at) => get(at === 480 ? '/slow' : '/rows/1000')),
    { take: 489, hedgeMs: 1 },
  ),
  batch(
    'first-reply: large answers, one of which is taken',
    '/first-reply',
    times(100, () => get('/zeros/4000000')),
    { take: 1 },
  ),
  kv('first-reply: hedged for each of many', {
    l: get('/zeros/90'),
    q: {
      forEach: ref('/l'),
      pattern: 'first-reply',
      take: 1,
      hedgeMs: 1,
      queries: times(10, () => get('/missing')),
    },
  }),
  batch('ordered: large answers behind one that never comes', '/ordered', [
    get('/slow'),
    ...times(20, () => get('/zeros/2000000')),
  ]),
  kv('forEach: very many references written out', {
    a: get('/zeros/100000'),
    q: { forEach: times(30_000, () => ref('/a')), ...small() },
  }),
  kv('forEach: references written out that lead over all', {
    a: get('/objects/200000'),
    q: { forEach: times(900, () => ref('/a/*/id')), ...post({ $item: '' }) },
  }),
  kv('forEach: items of very many keys', {
    q: { forEach: times(60, (at) => keyed(1000, (key) => key + at)), ...post({ $item: '' }), select: { $item: '' } },
  }),
  kv('forEach: nested, each item once more', {
    l: get('/lists/30'),
    m: get('/zeros/30'),
    q: {
      forEach: ref('/l'),
      pattern: 'kv',
      queries: { g: { forEach: ref('/m'), pattern: 'kv', queries: { x: post({ $item: '' }) }, select: '' } },
      select: keyed(2000, () => '/g/*'),
    },
  }),
  kv('forEach: nested, over the outer item', {
    l: get('/rows/300'),
    q: {
      forEach: ref('/l'),
      pattern: 'kv',
      queries: { x: { forEach: { $item: '/r' }, ...post({ $item: '' }), default: times(20_000, () => 1) } },
    },
  }),
  kv('as: very many references', each(get('/zeros/1', { as: { $join: times(20_000, () => ref('/l/0')) } }))),
  kv('as: a long list joined for each item', {
    a: get('/names/50000'),
    ...each(get('/zeros/1', { as: { $join: [ref('/a')] } })),
  }),
  kv(
    'onError: at the first failure beside very many',
    { ...keyed(490, () => get('/rows/2000')), z: get('/missing') },
    {
      onError: 'fail',
    },
  ),
  kv('onError: at the failures of very many items', each(get('/missing')), { onError: 'fail' }),
  kv(
    'onError: at the first of very many dependants',
    { a: get('/missing'), ...keyed(490, () => post(times(200, () => ref('/a')))) },
    { onError: 'fail' },
  ),
];
