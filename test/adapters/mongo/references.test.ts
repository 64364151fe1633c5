import { Binary, BSONRegExp, Code, DBRef, Decimal128, Double, Int32, Long, ObjectId } from 'bson';
import { describe, expect, test } from 'vitest';
import { Digits } from '../../../src/json/leaf.ts';
import { Placeholder } from '../../../src/store/placeholder.ts';
import { checked, filled, filterFaults, hole, joined, pipelineFaults, sentFilter, sentPipeline } from './checked.ts';
import { processorMs } from '../../processor-time.ts';

/** Where a reference may stand in a filter, and what is then sent for the value v. */
const comparisons: [string, (it: unknown) => unknown, (v: unknown) => unknown][] = [
  ['a field', (it) => ({ a: it }), (v) => ({ a: { $eq: v } })],
  ['a field of $or', (it) => ({ $or: [{ a: it }] }), (v) => ({ $or: [{ a: { $eq: v } }] })],
  [
    'a field of $elemMatch',
    (it) => ({ a: { $elemMatch: { b: it } } }),
    (v) => ({ a: { $elemMatch: { b: { $eq: v } } } }),
  ],
  ['a literal document', (it) => ({ a: { b: [it] } }), (v) => ({ a: { b: [v] } })],
  ['$expr', (it) => ({ $expr: { $eq: ['$a', it] } }), (v) => ({ $expr: { $eq: ['$a', { $literal: v }] } })],
  [
    '$literal',
    (it) => ({ $expr: { $eq: ['$a', { $literal: it }] } }),
    (v) => ({ $expr: { $eq: ['$a', { $literal: v }] } }),
  ],
  ...['$eq', '$ne', '$gt', '$gte', '$lt', '$lte'].map(
    (op): [string, (it: unknown) => unknown, (v: unknown) => unknown] => [
      op,
      (it) => ({ a: { [op]: it } }),
      (v) => ({ a: { [op]: v } }),
    ],
  ),
  ...['$in', '$nin', '$all'].map((op): [string, (it: unknown) => unknown, (v: unknown) => unknown] => [
    `a member of ${op}`,
    (it) => ({ a: { [op]: [1, it] } }),
    (v) => ({ a: { [op]: [1, v] } }),
  ]),
];

/** Types of Extended JSON whose text may be filled in. */
const wrappers: [string, (it: unknown) => unknown][] = [
  ['$oid', (it) => ({ $oid: it })],
  ['$date', (it) => ({ $date: { $numberLong: it } })],
  ['$binary', (it) => ({ $binary: { base64: it, subType: '00' } })],
  ['$timestamp', (it) => ({ $timestamp: { t: it, i: 1 } })],
];

const hostile: [string, unknown][] = [
  ['a document of operators', { $gt: '' }],
  ['a deep operator', { a: [{ b: { $where: '1' } }] }],
  ['an operator in a list', [{ $ne: null }]],
  ['a RegExp', /a/],
  ['a deep BSON regular expression', { a: [new BSONRegExp('a')] }],
  ['Code', new Code('f')],
  ['a DBRef', { a: new DBRef('users', new ObjectId()) }],
  ['an invalid date', new Date(Number.NaN)],
  ['a key that BSON cannot hold', { _bsontype: 'Code', code: 'f' }],
  ['half of a surrogate pair', '\ud800'],
  ['the other half, deep in a text', { a: ['a\udc00'] }],
  ['half of a surrogate pair in a key', { 'a\ud800': 1 }],
];

const near = (coordinates: unknown) => ({ a: { $near: { $geometry: { type: 'Point', coordinates } } } });

describe('a reference in a filter', () => {
  test.each(comparisons)('may stand for %s', (_, around, sent) => {
    expect(filterFaults(around(hole))).toEqual([]);
    for (const value of [
      '$password',
      '$$ROOT',
      5,
      null,
      true,
      ['$a'],
      { a: '$b' },
      new ObjectId(),
      new Date(0),
      new Long(7),
    ]) {
      expect(filterFaults(around(filled(value)))).toEqual([]);
      expect(sentFilter(around(filled(value)))).toEqual(sent(value));
    }
  });

  test.each(comparisons)('is data alone at %s', (_, around) => {
    for (const [what, value] of hostile) expect(filterFaults(around(filled(value))), what).toHaveLength(1);
  });

  test.each(['$in', '$nin', '$all'])('may stand for the list of %s', (op) => {
    expect(filterFaults({ a: { [op]: hole } })).toEqual([]);
    expect(sentFilter({ a: { [op]: filled([1, 'x']) } })).toEqual({ a: { [op]: [1, 'x'] } });
    expect(filterFaults({ a: { [op]: filled('x') } })).toEqual([`a/${op}`]);
    expect(filterFaults({ a: { [op]: filled([{ $gt: 1 }]) } })).toEqual([`a/${op}`]);
  });

  test('may stand for $size, $search and coordinates, of their kind', () => {
    expect(filterFaults({ b: { $size: hole }, $text: { $search: hole }, ...near(hole) })).toEqual([]);
    expect(sentFilter({ a: { $size: filled(3) } })).toEqual({ a: { $size: 3 } });
    for (const three of [new Long(3), new Int32(3), new Double(3)])
      expect(sentFilter({ a: { $size: filled(three) } })).toEqual({ a: { $size: 3 } });
    expect(sentFilter({ $text: { $search: joined('"', ['x'], '"') } })).toEqual({ $text: { $search: '"x"' } });
    expect(sentFilter(near([filled(1), 2]))).toEqual(near([1, 2]));
    expect(sentFilter(near(filled([1, 2])))).toEqual(near([1, 2]));
    expect(filterFaults({ a: { $size: filled('3') } })).toEqual(['a/$size']);
    expect(filterFaults({ a: { $size: filled({ $gt: 1 }) } })).toEqual(['a/$size']);
    expect(filterFaults({ $text: { $search: filled(['x']) } })).toEqual(['$text/$search']);
    expect(filterFaults({ $text: { $search: filled('\ud800') } })).toEqual(['$text/$search']);
    expect(filterFaults({ $text: { $search: joined('\ud83d', ['\ude00']) } })).toEqual([]);
    expect(filterFaults(near(filled({ $gt: 1 })))).toEqual(['a/$near/$geometry/coordinates']);
    expect(filterFaults(near([filled('x'), 2]))).toEqual(['a/$near/$geometry/coordinates/0']);
  });

  test('which is a $join, a text, may not stand for a list or a number', () => {
    const join = new Placeholder('$join', ['5', hole]);
    const params = (more: object) => checked('find', { collection: 'users', ...more }).faults.map(({ at }) => at);
    for (const op of ['$in', '$nin', '$all', '$size'])
      expect(filterFaults({ a: { [op]: join } }), op).toEqual([`a/${op}`]);
    expect(filterFaults(near(join))).toEqual(['a/$near/$geometry/coordinates']);
    expect(filterFaults(near([join, 2]))).toEqual(['a/$near/$geometry/coordinates/0']);
    expect(filterFaults({ a: { $timestamp: { t: join, i: 1 } } })).toEqual(['a/$timestamp']);
    expect(pipelineFaults([{ $limit: join }, { $skip: join }])).toEqual(['0/$limit', '1/$skip']);
    expect(params({ limit: join, skip: join })).toEqual(['skip', 'limit']);
    expect(params({ limit: hole, skip: hole, filter: { a: { $in: [join], $ne: join } } })).toEqual([]);
  });

  test('may be a vector, but none that is malformed', () => {
    const vector = (...bytes: number[]) => filled(new Binary(Uint8Array.from(bytes), Binary.SUBTYPE_VECTOR));
    for (const put of [
      (it: unknown) => ({ a: it }),
      (it: unknown) => ({ a: { $in: [it] } }),
      (it: unknown) => ({ a: { b: [it] } }),
      (it: unknown) => ({ $expr: { $eq: ['$a', it] } }),
    ]) {
      expect(filterFaults(put(vector(0x03, 0x00, 0xaa)))).toEqual([]);
      expect(filterFaults(put(vector(0x03, 0x07, 0xaa)))).toHaveLength(1);
      expect(filterFaults(put(vector(0x27, 0x00, 0xaa)))).toHaveLength(1);
    }
  });

  test('is sent with the digits of a large number', () => {
    expect(sentFilter({ a: filled(new Digits('9007199254740993')) })).toEqual({
      a: { $eq: Long.fromString('9007199254740993') },
    });
    expect(sentFilter({ a: filled(new Digits('92233720368547758080')) })).toEqual({
      a: { $eq: Decimal128.fromString('92233720368547758080') },
    });
    expect(filterFaults({ a: filled(new Digits('1'.repeat(40))) })).toEqual(['a']);
  });

  test.each([
    [(it: unknown) => it, ''],
    [(it: unknown) => ({ $and: it }), '$and'],
    [(it: unknown) => ({ $or: [it] }), '$or/0'],
    [(it: unknown) => ({ $nor: [it] }), '$nor/0'],
    [(it: unknown) => ({ $expr: it }), '$expr'],
    [(it: unknown) => ({ $jsonSchema: it }), '$jsonSchema'],
    [(it: unknown) => ({ $jsonSchema: { required: [it] } }), '$jsonSchema/required/0'],
    [(it: unknown) => ({ $text: it }), '$text'],
    [(it: unknown) => ({ $text: { $search: 'a', $language: it } }), '$text/$language'],
    [(it: unknown) => ({ a: { $not: it } }), 'a/$not'],
    [(it: unknown) => ({ a: { $elemMatch: it } }), 'a/$elemMatch'],
    [(it: unknown) => ({ a: { $regex: 'x', $options: it } }), 'a/$options'],
    [(it: unknown) => ({ a: { $regularExpression: { pattern: it, options: '' } } }), 'a/$regularExpression'],
    [(it: unknown) => ({ a: { $type: it } }), 'a/$type'],
    [(it: unknown) => ({ a: { $exists: it } }), 'a/$exists'],
    [(it: unknown) => ({ a: { $mod: [it, 0] } }), 'a/$mod/0'],
    [(it: unknown) => ({ a: { $bitsAllSet: it } }), 'a/$bitsAllSet'],
    [(it: unknown) => ({ a: { $geoWithin: it } }), 'a/$geoWithin'],
    [(it: unknown) => ({ a: { $geoWithin: { $geometry: it } } }), 'a/$geoWithin/$geometry'],
    [(it: unknown) => ({ a: { $near: { $geometry: { type: it, coordinates: [1, 2] } } } }), 'a/$near/$geometry/type'],
    [(it: unknown) => ({ a: { $near: { $maxDistance: it } } }), 'a/$near/$maxDistance'],
    [(it: unknown) => ({ $expr: { $regexMatch: { input: '$a', regex: it } } }), '$expr/$regexMatch/regex'],
    [
      (it: unknown) => ({ $expr: { $regexMatch: { input: '$a', regex: { $concat: ['^', it] } } } }),
      '$expr/$regexMatch/regex/$concat/1',
    ],
    [(it: unknown) => ({ $expr: { $getField: it } }), '$expr/$getField'],
    [(it: unknown) => ({ $expr: { $getField: { field: it, input: '$$ROOT' } } }), '$expr/$getField/field'],
    [(it: unknown) => ({ $expr: { $getField: { $literal: it } } }), '$expr/$getField/$literal'],
    [(it: unknown) => ({ $expr: { $getField: { $concat: ['a', it] } } }), '$expr/$getField/$concat'],
    [(it: unknown) => ({ $expr: { $map: { input: '$a', as: it, in: 1 } } }), '$expr/$map/as'],
    [(it: unknown) => ({ $expr: { $meta: it } }), '$expr/$meta'],
    [(it: unknown) => ({ $expr: { $dateToString: { date: '$a', format: it } } }), '$expr/$dateToString/format'],
  ])('may not stand elsewhere (%#: %s)', (around, at) => {
    expect(filterFaults(around(hole))).toContain(at);
    expect(filterFaults(around(filled('x')))).toContain(at);
  });
});

const sentPattern = (it: unknown) => (sentFilter({ a: { $regex: it } }) as { a: { $regex: string } }).a.$regex;

describe('a reference under $regex', () => {
  test('is escaped, but for the literal parts of a $join', () => {
    expect(sentPattern(filled('a.*b'))).toBe(String.raw`a\.\*b`);
    expect(sentPattern(joined('^', ['(x)'], '.*$'))).toBe(String.raw`^\(x\).*$`);
    expect(sentPattern(filled(5))).toBe('5');
    expect(sentPattern(joined(['\ud83d'], ['\ude00']))).toBe('\u{1f600}');
    expect(sentPattern(filled(' \u2028#'))).toBe('\\ \\\u2028\\#');
    expect(filterFaults({ a: { $regex: hole } })).toEqual([]);
  });

  test.each([
    filled({ $gt: 1 }),
    filled(/a/),
    filled(null),
    filled(['a']),
    filled('a\0b'),
    filled('\ud800'),
    joined('^', ['a\udc00']),
    joined('a\\', ['.']),
    joined(String.raw`\c`, ['.']),
  ])('is refused where it cannot be escaped (%#)', (it) => {
    expect(filterFaults({ a: { $regex: it } })).toEqual(['a/$regex']);
  });

  test.each([
    '(?',
    '^(?:a|(?',
    '(?<',
    '(?<na',
    '(?P<',
    '(?P>',
    '(?P=na',
    "(?'na",
    '(?(',
    '(?i-',
    '(?&',
    '(?C',
    '(?#',
    '(*',
    '(*LIMIT_MATCH=',
    'a{',
    'a{2,',
    '[[:',
    '[^[:^al',
    String.raw`(a)\1`,
    String.raw`\0`,
    String.raw`\x`,
    String.raw`\x4`,
    String.raw`\x{4`,
    String.raw`\o{`,
    String.raw`\p`,
    String.raw`\P{`,
    String.raw`\N{U+`,
    String.raw`\g`,
    String.raw`\g{-`,
    String.raw`\g<`,
    String.raw`\k'`,
    String.raw`\c`,
    String.raw`\c\\`,
    String.raw`\Q`,
    String.raw`\Qa\Eb\Qa.b`,
    String.raw`\\\Qa`,
    '\\'.repeat(301),
  ])('is refused behind what would take it for a part of itself: %j', (before) => {
    for (const after of [')', '']) {
      const planned = new Placeholder('$join', [before, new Placeholder('$result'), after]);
      expect(filterFaults({ a: { $regex: planned } })).toEqual(['a/$regex']);
      expect(filterFaults({ a: { $regex: joined(before, ['R'], after) } })).toEqual(['a/$regex']);
      expect(filterFaults({ a: { $regex: joined('^', ['x'], before, ['R'], after) } })).toEqual(['a/$regex']);
    }
  });

  test.each([
    '^',
    '(',
    '(?:',
    '(?=',
    '(?<!',
    '(?>',
    '(?|',
    '(?i)',
    '(?i:',
    '(?<name>',
    "(?'name'x",
    '(?(1)',
    '(*UTF)',
    'a{2}',
    '{"id":"',
    '[',
    '[^',
    '[[:alpha:]',
    '[:/]',
    '"?',
    String.raw`\(?`,
    String.raw`\{`,
    String.raw`\[:`,
    String.raw`\(*`,
    String.raw`\d`,
    String.raw`\b`,
    String.raw`\x41`,
    String.raw`\x{41}`,
    String.raw`\p{L}`,
    String.raw`\pL`,
    String.raw`\cA`,
    String.raw`\Qa.b\E`,
    String.raw`\Q(?\E`,
    String.raw`C:\\Queue\\`,
    '\\'.repeat(302),
  ])('may stand behind %j', (before) => {
    expect(sentPattern(joined(before, ['a.'], ')'))).toBe(String.raw`${before}a\.)`);
  });

  test('is looked for an open end of in no time, however long what stands before it', () => {
    const began = processorMs();
    for (const it of ['(?', '\\Q', '\\Q\\E', '[:', '{', '(*', '\\', '\\c'])
      filterFaults({ a: { $regex: joined(it.repeat(32_000 / it.length), ['R']) } });
    expect(processorMs() - began).toBeLessThan(1000);
  });

  const empty: [string] = [''];

  test.each<[string, (string | [string])[]]>([
    ['a group', ['^(', empty, '?', ['R'], ')']],
    ['its name', ['(', empty, '?<', ['R'], '>)']],
    ['a verb', ['(', empty, '*', ['ACCEPT'], ')']],
    ['the name of a class', ['[[', empty, ':', ['alpha'], ':]]']],
    ['that of one that is not', ['[[:', 'a', empty, 'l', ['pha'], ':]]']],
    ['a number of times', ['a', empty, '{', ['2'], '}']],
    ['an escape', ['a', empty, '\\', ['d']]],
    ['the number of an escape', ['(a)', empty, '\\1', ['0']]],
    ['a quotation', [empty, '\\Q', ['\\E.*']]],
    ['a group behind several', ['(', empty, empty, '?', empty, ['R'], ')']],
    ['a group behind one of an empty list', ['(', empty, '?i', empty, '-', ['s'], ')']],
  ])('is refused where an empty one before it leaves %s open', (_what, parts) => {
    expect(filterFaults({ a: { $regex: joined(...parts) } })).toEqual(['a/$regex']);
  });

  test('may follow an empty one where nothing is open, and one that is not behind "("', () => {
    expect(sentPattern(joined('^(', ['Q'], '?', ['R.'], ')'))).toBe(String.raw`^(Q?R\.)`);
    expect(sentPattern(joined('^(', empty, '?:', ['R.'], ')'))).toBe(String.raw`^(?:R\.)`);
    expect(sentPattern(joined(empty, ['R.'], empty))).toBe(String.raw`R\.`);
  });

  test('is judged where it stands in a $join within a $join, while planning too', () => {
    const within = (...parts: (string | Placeholder)[]) =>
      filterFaults({ a: { $regex: new Placeholder('$join', ['(', new Placeholder('$join', parts), ')']) } });
    expect(within('?', hole)).toEqual(['a/$regex']);
    expect(within(hole, '?', hole)).toEqual([]);
    expect(within()).toEqual([]);
  });

  test('is refused where the pattern is longer than any of MongoDB, before it is looked at', () => {
    expect(filterFaults({ a: { $regex: filled('a'.repeat(32_764)) } })).toEqual([]);
    const half: [string] = ['a'.repeat(16_382)];
    expect(filterFaults({ a: { $regex: joined(half, half) } })).toEqual([]);
    const longer = [
      filled('a'.repeat(32_765)),
      joined('^', half, half),
      joined(half, half, half),
      joined(half, '^', half),
    ];
    for (const it of longer) expect(filterFaults({ a: { $regex: it } })).toEqual(['a/$regex']);
  });

  test('may follow an escaped backslash, and a c', () => {
    expect(sentPattern(joined('a\\\\', ['.'], 'c', ['.']))).toBe(String.raw`a\\\.c\.`);
    expect(sentPattern(joined(String.raw`\\c`, ['.']))).toBe(String.raw`\\c\.`);
  });

  test('may have very many parts', () => {
    const parts = Array.from({ length: 30_000 }, (): [string] => ['.']);
    const began = processorMs();
    expect(sentPattern(joined(...parts))).toHaveLength(30_000 * 2);
    expect(processorMs() - began).toBeLessThan(2000);
  });

  test('matches the text it was filled in with and nothing else', () => {
    for (const text of ['a.b', '.*', '[^]', '(?i)x', 'x{1,2}', '\\', '$', 'a|b', '^']) {
      const pattern = new RegExp(`^${sentPattern(filled(text))}$`);
      expect(pattern.test(text)).toBe(true);
      expect(pattern.test(`${text}x`)).toBe(false);
      expect(pattern.test('axb')).toBe(false);
    }
  });
});

const literals = (it: unknown) => [
  { $project: { a: { $concat: ['$name', it] } } },
  { $addFields: { b: it } },
  { $group: { _id: it, n: { $sum: it } } },
  { $bucket: { groupBy: '$a', boundaries: [it], default: it } },
  { $match: { a: it } },
  { $limit: 1 },
];

describe('a reference in a pipeline', () => {
  test('may stand for a literal in an expression', () => {
    const literal = { $literal: '$password' };
    expect(pipelineFaults(literals(hole))).toEqual([]);
    expect(sentPipeline(literals(filled('$password')))).toEqual([
      { $project: { a: { $concat: ['$name', literal] } } },
      { $addFields: { b: literal } },
      { $group: { _id: literal, n: { $sum: literal } } },
      { $bucket: { groupBy: '$a', boundaries: [literal], default: literal } },
      { $match: { a: { $eq: '$password' } } },
      { $limit: 1 },
    ]);
  });

  test('may stand for the number of $limit and $skip', () => {
    expect(pipelineFaults([{ $limit: hole }, { $skip: hole }])).toEqual([]);
    expect(sentPipeline([{ $limit: filled(5) }, { $skip: filled(0) }])).toEqual([{ $limit: 5 }, { $skip: 0 }]);
    for (const value of [-1, 1.5, '5', null, Number.NaN, { $add: [1, 2] }, [5], 2 ** 60]) {
      expect(pipelineFaults([{ $limit: filled(value) }, { $skip: filled(value) }])).toEqual(['0/$limit', '1/$skip']);
    }
  });

  test.each([
    [(it: unknown) => it, ''],
    [(it: unknown) => [it], '0'],
    [(it: unknown) => [{ $match: it }], '0/$match'],
    [(it: unknown) => [{ $project: it }], '0/$project'],
    [(it: unknown) => [{ $project: { a: it } }], '0/$project/a'],
    [(it: unknown) => [{ $addFields: it }], '0/$addFields'],
    [(it: unknown) => [{ $group: it }], '0/$group'],
    [(it: unknown) => [{ $group: { _id: 1, n: it } }], '0/$group/n'],
    [(it: unknown) => [{ $sort: it }], '0/$sort'],
    [(it: unknown) => [{ $sort: { a: it } }], '0/$sort/a'],
    [(it: unknown) => [{ $lookup: { from: it, as: 'x' } }], '0/$lookup/from'],
    [(it: unknown) => [{ $lookup: { from: 'users', as: it } }], '0/$lookup/as'],
    [(it: unknown) => [{ $lookup: { from: 'users', as: 'x', pipeline: it } }], '0/$lookup/pipeline'],
    [(it: unknown) => [{ $unionWith: it }], '0/$unionWith'],
    [(it: unknown) => [{ $facet: { a: it } }], '0/$facet/a'],
    [(it: unknown) => [{ $unwind: it }], '0/$unwind'],
    [(it: unknown) => [{ $unset: it }], '0/$unset'],
    [(it: unknown) => [{ $count: it }], '0/$count'],
    [(it: unknown) => [{ $sample: { size: it } }], '0/$sample/size'],
    [(it: unknown) => [{ $search: { text: { query: it } } }], '0/$search/text/query'],
    [(it: unknown) => [{ $documents: it }], '0/$documents'],
  ])('may not stand elsewhere (%#: %s)', (around, at) => {
    expect(pipelineFaults(around(hole))).toContain(at);
    expect(pipelineFaults(around(filled('users')))).toContain(at);
  });
});

describe('a reference in the params', () => {
  test('may stand for limit and skip', () => {
    expect(checked('find', { collection: 'users', limit: hole, skip: hole }).faults).toEqual([]);
    expect(checked('find', { collection: 'users', limit: filled(5), skip: filled(2) }).query).toMatchObject({
      limit: 5,
      command: { skip: 2 },
    });
    expect(checked('find', { collection: 'users', limit: filled(0) }).faults).toHaveLength(1);
    expect(checked('countDocuments', { collection: 'users', limit: filled('1') }).faults).toHaveLength(1);
  });

  test.each([
    ['find', 'collection'],
    ['find', 'ejson'],
    ['find', 'filter'],
    ['find', 'projection'],
    ['find', 'sort'],
    ['find', 'hint'],
    ['find', 'collation'],
    ['find', 'batchSize'],
    ['aggregate', 'pipeline'],
    ['distinct', 'key'],
  ])('of %s may not stand for %s', (op, field) => {
    for (const it of [hole, filled('users')]) {
      const params = {
        collection: 'users',
        ...(op === 'distinct' && { key: 'a' }),
        ...(op === 'aggregate' && { pipeline: [] }),
        [field]: it,
      };
      expect(checked(op, params).faults.map(({ at }) => at)).toContain(field);
    }
  });

  test.each([
    { projection: { a: hole } },
    { projection: { a: { $concat: ['$a', hole] } } },
    { projection: { a: { $slice: hole } } },
    { projection: { a: { $elemMatch: { b: hole } } } },
    { projection: { a: { $elemMatch: { b: { $size: hole } } } } },
    { sort: { a: hole } },
    { sort: { a: { $numberInt: hole } } },
    { hint: { a: { $numberInt: hole } } },
    { hint: { a: hole } },
    { collation: { locale: hole } },
  ])('may not stand inside %j', (params) => {
    expect(checked('find', { collection: 'users', ...params }).faults.length).toBeGreaterThan(0);
  });
});

describe('a reference that is not known yet', () => {
  const item = new Placeholder('$item');
  const later = new Placeholder('$join', ['^a', item]);

  test.each(comparisons)('stands where its value will: %s', (_name, place, sent) => {
    expect(sentFilter(place(later))).toEqual(sent(later));
  });

  test.each(wrappers)('stands in a type of Extended JSON as it is written: %s', (name, wrap) => {
    for (const it of name === '$timestamp' ? [item] : [item, later])
      expect(sentFilter({ a: wrap(it) })).toEqual({ a: wrap(it) });
  });

  test('stands for a pattern, a number and a number of Extended JSON', () => {
    expect(sentFilter({ a: { $regex: later, $size: item } })).toEqual({ a: { $regex: later, $size: item } });
    expect(sentFilter({ a: { $size: { $numberInt: later } } })).toEqual({ a: { $size: { $numberInt: later } } });
    const params = { collection: 'users', skip: item, limit: item };
    const { faults, query } = checked('find', params);
    expect(faults).toEqual([]);
    expect(query).toMatchObject({ command: { skip: item }, limit: item });
  });

  test('stands in a pipeline, and in the one that counts', () => {
    const stages = [{ $match: { a: later } }, { $set: { b: later } }, { $skip: item }];
    expect(sentPipeline(stages)).toEqual([
      { $match: { a: { $eq: later } } },
      { $set: { b: { $literal: later } } },
      { $skip: item },
    ]);
    const { query } = checked('countDocuments', { collection: 'users', filter: { a: later }, limit: item });
    expect(query?.command['pipeline']).toMatchObject([{ $match: { a: { $eq: later } } }, { $limit: item }, {}]);
  });
});
