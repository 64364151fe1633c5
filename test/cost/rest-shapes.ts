import { each, find, get, keyed, kv, post, ref, times, ZIP, CSV, NDJSON, type Shape } from './making.ts';

/** Two lists that have to be gone through to the end. */
const twoLists = (count: number, when: object) => ({
  a: get(`/zeros/${count}`),
  b: get(`/zeros/${count}`),
  q: get('/zeros/1', { when }),
});

const selecting = (pointer: string, count: number, path: string) => ({
  q: get(path, { select: keyed(count, () => pointer) }),
});

/** Shapes of queries to a REST store, and of what is planned. */
export const restShapes: readonly Shape[] = [
  // Pointers and `*`.
  kv('select: many leaves over a long list', selecting('/0/r/*', 2500, '/holder/400000')),
  kv('select: many leaves that are the whole', selecting('', 2500, '/zeros/4000000')),
  kv('select: many leaves over all members', selecting('/*', 2500, '/zeros/4000000')),
  kv('select: many leaves that lead nowhere in a long list', selecting('/*/x/y', 2500, '/objects/300000')),
  kv('select: many leaves at all depths', {
    q: get('/deep/900', { select: keyed(2000, (at) => '/0'.repeat(at % 300)) }),
  }),
  kv('select: one leaf of very many keys', selecting('/k1', 30_000, '/keys/500000')),
  kv('select: keys that look like integers', { q: get('/numbered/500000', { select: '' }) }),
  kv('select: integers of very many digits', { q: get('/digits/390000', { select: '' }) }),
  kv('select: a large object under each of many items', each(get('/zeros/10', { select: keyed(15_000, () => '/0') }))),
  kv('select: groups within groups, each of them reshaped', {
    g: {
      select: '',
      pattern: 'kv',
      queries: {
        g: {
          select: '',
          pattern: 'kv',
          queries: { g: { select: '', pattern: 'kv', queries: { q: get('/zeros/4000000') } } },
        },
      },
    },
  }),
  // References.
  kv('references: the same long list very often', { a: get('/zeros/100000'), q: post(times(20_000, () => ref('/a'))) }),
  kv('references: over all members very often', { a: get('/zeros/500000'), q: post(times(20_000, () => ref('/a/*'))) }),
  kv('references: over all items of a forEach very often', {
    g: { forEach: ref('/l'), ...get('/zeros/1') },
    l: get('/zeros/900'),
    q: post(times(25_000, () => ref('/g/*'))),
  }),
  kv('references: to parts of a group', {
    g: { pattern: 'kv', queries: keyed(100, () => get('/zeros/1000')) },
    q: post(times(20_000, (at) => ref(`/g/k${at % 100}/5`))),
  }),
  kv('references: meta', { a: get('/zeros/10'), q: post(times(25_000, () => ({ $meta: '/a/size' }))) }),
  kv('references: a long chain', {
    k0: get('/zeros/1'),
    ...Object.fromEntries(times(400, (at) => [`k${at + 1}`, post(ref(`/k${at}`))])),
  }),
  kv(
    'references: all to all',
    Object.fromEntries(times(60, (at) => [`k${at}`, post(times(at, (to) => ref(`/k${to}`)))])),
  ),
  kv('references: a pointer of very many steps', { a: get('/zeros/1'), q: post(ref(`/a${'/0'.repeat(400_000)}`)) }),
  // Joined strings.
  kv('$join: a long list', { a: get('/zeros/1000000'), q: post({ $join: [ref('/a')] }) }),
  kv('$join: very many parts', { a: get('/names/1000'), q: post({ $join: times(20_000, () => ref('/a')) }) }),
  kv('$join: joined within joined', {
    a: get('/names/1000'),
    q: post(times(500, () => ({ $join: [{ $join: [{ $join: times(30, () => ref('/a')) }] }] }))),
  }),
  kv('as: a very long name for each item', each(get('/zeros/1', { as: { $join: times(20_000, () => 'x') } }))),
  // Conditions.
  kv('when: very many references', {
    a: get('/zeros/500000'),
    q: get('/zeros/1', { when: times(3000, () => ref('/a/*')) }),
  }),
  kv('when: equal lists', twoLists(1_000_000, { equals: [ref('/a'), ref('/b')] })),
  kv('when: a list in a list of lists', twoLists(1_000_000, { in: [ref('/a'), [ref('/b'), ref('/b'), ref('/a')]] })),
  kv('when: a value in a long list', {
    a: get('/zeros/4000000'),
    q: get('/zeros/1', { when: { in: [1, ref('/a')] } }),
  }),
  kv('when: a list in a long list', {
    a: get('/lists/1000000'),
    q: get('/zeros/1', { unless: { in: [[1], ref('/a')] } }),
  }),
  kv('when: equal large texts', {
    a: get('/text/8000000'),
    b: get('/text/8000000'),
    q: get('/zeros/1', { when: { equals: [times(200, () => ref('/a')), times(200, () => ref('/b'))] } }),
  }),
  kv('when: a large literal for each item', each(get('/zeros/1', { when: { equals: [times(200_000, () => 1), 2] } }))),
  // Templates for each item.
  kv('forEach: a large literal body', each(post('x'.repeat(480_000)))),
  kv('forEach: a literal body of many members', each(post(times(240_000, () => 1)))),
  kv('forEach: a body of many members and one reference', each(post([...times(240_000, () => 1), { $item: '' }]))),
  kv(
    'forEach: a large default for each item',
    each({ source: 'store', op: 'get', params: { path: '/missing' }, default: times(240_000, () => 1) }),
  ),
  kv(
    'forEach: something written out, not to be read',
    each(post([{ $item: '' }, { $verbatim: times(200_000, () => 1) }])),
  ),
  kv('forEach: over far too many', { l: get('/zeros/4000000'), q: { forEach: ref('/l'), ...get('/zeros/1') } }),
  kv('forEach: a very long list written out', { q: { forEach: times(400_000, () => 1), ...get('/zeros/1') } }),
  kv('forEach: large items, each selected whole', {
    l: get('/rows/100000'),
    q: { forEach: ref('/l/*'), ...get('/zeros/1'), select: { all: ref('/l') } },
  }),
  kv('forEach: of a forEach', {
    l: get('/zeros/30'),
    q: {
      forEach: ref('/l'),
      pattern: 'kv',
      queries: { x: { forEach: ref('/l'), ...post([...times(10_000, () => 1), { $item: '' }]) } },
    },
  }),
  // What is held.
  kv(
    'held: very many large answers, hidden',
    Object.fromEntries(times(50, (at) => [`k${at}`, get('/text/8000000', { hidden: true })])),
  ),
  kv(
    'held: large answers looked into',
    Object.fromEntries(times(8, (at) => [`k${at}`, get('/lists/2500000', { select: '/0' })])),
  ),
  kv(
    'held: large answers, whole',
    keyed(7, () => get('/wide/2600000')),
  ),
  kv('held: very many lists that are opened', {
    ...keyed(7, () => get('/lists/2500000')),
    q: post(times(7, (at) => ref(`/k${at}/0`))),
  }),
  kv(
    'held: answers as frames',
    keyed(7, () => get('/escaped/4000000')),
    {},
    NDJSON,
  ),
  kv(
    'held: answers as entries',
    keyed(7, () => get('/zeros/4000000', { select: '' })),
    {},
    ZIP,
  ),
  kv('held: an answer as a table', { q: get('/objects/400000', { select: '' }) }, {}, CSV),
  kv('accept: a long answer of almost nothing', { q: get('/blank/8000000', { accept: 'found' }) }),
  // Names.
  kv('names: of very many parts', each(get('/zeros/1', { as: `${'a/'.repeat(120)}x` })), {}, ZIP),
  kv('names: of marks and spaces', each(get('/zeros/1', { as: '. '.repeat(128) })), {}, ZIP),
  // What is written out, and checked before any store is asked.
  kv('planning: very many members of $in', { q: find({ filter: { a: { $in: times(400_000, () => 1) } } }) }),
  kv('planning: very many fields', { q: find({ filter: { a: keyed(80_000, () => 1) } }) }),
  kv('planning: very many conditions', { q: find({ filter: { $and: times(100_000, () => ({ a: 1 })) } }) }),
  kv('planning: very many stages', {
    q: {
      source: 'shop',
      op: 'aggregate',
      params: { collection: 'items', pipeline: times(60_000, () => ({ $skip: 1 })) },
    },
  }),
  kv('planning: very many fields of a sort', { q: find({ sort: keyed(70_000, () => 1) }) }),
  kv('planning: a path of very many segments', {
    q: { source: 'store', op: 'get', params: { path: times(200_000, () => null) } },
  }),
  kv('planning: very many parameters', {
    q: { source: 'store', op: 'get', params: { path: '/zeros/1', query: keyed(70_000, () => 1) } },
  }),
  kv('planning: a body of very many members', { q: post(times(450_000, () => 1)) }),
  kv('planning: a body of very many members that cannot be sent', {
    q: find({ filter: { a: times(300_000, () => ({ $oid: 1 })) } }),
  }),
  kv('planning: very many leaves', { q: get('/zeros/1', { select: keyed(70_000, () => '') }) }),
  kv('faults: below a very long key', { [`x${'y'.repeat(500_000)}`]: { queries: times(30_000, () => 1) } }),
  kv('faults: unknown fields', {
    q: get(
      '/zeros/1',
      keyed(70_000, () => 1),
    ),
  }),
  kv('faults: references that name nothing', { q: post(times(50_000, () => ref('/nobody'))) }),
  kv('faults: pointers that are none', { q: post(times(50_000, () => ref('x'))) }),
  kv('faults: leaves that are none', { q: get('/zeros/1', { select: keyed(70_000, () => 1) }) }),
  {
    name: 'faults: the same key again below a very long one',
    path: '/kv',
    accept: 'application/json',
    body: `{"queries":{"${'y'.repeat(900_000)}":{${times(5000, () => '"a":1').join()}}}}`,
  },
  kv(
    'failures: all of them, told by a batch that fails',
    { ...each(get('/missing')), last: get('/missing', { required: true }) },
    { onError: 'fail' },
  ),
];
