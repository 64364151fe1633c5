import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { adapters } from '../../adapters/index.ts';
import { bodySchemas, groupSchema, querySchema } from '../../src/batch/plan/body-schema.ts';
import { checkCompiled, checkSchema } from '../../src/store/check-schema.ts';
import { ConfigError } from '../../src/config/load.ts';
import { configSchema } from '../../src/config/schema.ts';
import { wholeNumber } from '../../src/store/whole-number.ts';
import { Filled, Placeholder } from '../../src/store/placeholder.ts';
import { faults, q } from '../batch/simulated.ts';
import { parseConfig } from '../configured.ts';

/** The one style of what is said of a value; of a path it is what every path is told. */
const STYLE = /\b(?:is|are) (?:allowed|needed) here\b|^(?:.* )?allowed here: .|^a path has at most \d+ characters$/;
const LIBRARY = /invalid|expected|received|too (?:small|big)|unrecognized|nonoptional|^required$/i;

/** Values of every kind, and of none of them the right size. */
const VALUES: readonly unknown[] = [
  undefined,
  null,
  true,
  -1,
  1.5,
  1e300,
  '',
  '§'.repeat(70_000),
  [],
  [5],
  [''],
  [{ x: 1 }],
  {},
  { x: 1 },
  { '': 'y' },
];

/** Objects that are wrong in one field, below and above, and in one too many. */
function* spoilt(schema: z.ZodType, depth = 0): Generator {
  if (depth > 3) return;
  if (schema instanceof z.ZodObject) {
    yield { '§': 1 };
    for (const [field, inner] of Object.entries(schema.shape)) {
      for (const value of VALUES) yield { [field]: value };
      for (const value of spoilt(inner, depth + 1)) yield { [field]: value };
    }
  } else if ('innerType' in schema.def) yield* spoilt(schema.def.innerType as z.ZodType, depth);
  else if (schema instanceof z.ZodPipe) yield* spoilt(schema.in as z.ZodType, depth);
  else if (schema instanceof z.ZodArray)
    for (const value of spoilt(schema.element as z.ZodType, depth + 1)) yield [value];
  else yield* VALUES;
}

/** Where something stands in a configuration, and how to put it there. */
interface Place {
  readonly path: string;
  readonly place: (value: unknown) => unknown;
  /** Of an object that takes no others: its fields. */
  readonly fields?: readonly string[];
}

/** Every place of a schema: of a record and a list one member, of several kinds of source each. */
function* placesOf(schema: z.ZodType, path = '', place: Place['place'] = (value) => value): Generator<Place> {
  const under = (step: string, inner: unknown, beside: (value: unknown) => unknown): Generator<Place> =>
    placesOf(inner as z.ZodType, [path, step].filter(Boolean).join('.'), (value) => place(beside(value)));
  if ('innerType' in schema.def) yield* placesOf(schema.def.innerType as z.ZodType, path, place);
  else if (schema instanceof z.ZodPipe)
    yield* placesOf((schema.in instanceof z.ZodTransform ? schema.out : schema.in) as z.ZodType, path, place);
  else if (schema instanceof z.ZodDiscriminatedUnion)
    for (const option of schema.options as readonly z.ZodObject[]) {
      const adapter = (option.shape['adapter'] as z.ZodLiteral).value;
      yield* placesOf(option, path, (value) => place(isPlain(value) ? { adapter, ...value } : value));
    }
  else if (schema instanceof z.ZodUnion)
    for (const option of schema.options as readonly z.ZodType[]) yield* placesOf(option, path, place);
  else if (schema instanceof z.ZodObject) {
    const fields = Object.keys(schema.shape);
    yield { path, place, ...(schema.def.catchall && { fields }) };
    for (const field of fields) yield* under(field, schema.shape[field], (value) => ({ [field]: value }));
  } else {
    yield { path, place };
    if (schema instanceof z.ZodArray) yield* under('0', schema.element, (value) => [value]);
    if (schema instanceof z.ZodRecord) yield* under('a', schema.valueType, (value) => ({ a: value }));
  }
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  ...Object.fromEntries(Object.entries(bodySchemas).map(([pattern, schema]) => [`the body of ${pattern}`, schema])),
  'a query': querySchema,
  'a group': groupSchema,
  ...Object.fromEntries(
    Object.entries(adapters).flatMap(([name, { options, ops }]) => [
      [`the options of ${name}`, options],
      ...Object.entries(ops).map(([op, { params }]) => [`the params of ${name} ${op}`, params] as const),
    ]),
  ),
};

describe('what is said of a value that does not fit', () => {
  it.each(Object.keys(SCHEMAS))('%s is in one style, with no word of the library', (name) => {
    const schema = SCHEMAS[name]!;
    let found = 0;
    for (const value of [...VALUES, ...spoilt(schema)]) {
      for (const { path, detail } of checkSchema(schema, value).faults) {
        found += 1;
        const told = `${path.join('/')}: ${detail}`;
        expect(detail, told).not.toMatch(LIBRARY);
        expect(detail, told).toMatch(STYLE);
        // Nothing of the value, but for the names of its fields.
        expect(detail, told).not.toContain('§');
      }
    }
    expect(found).toBeGreaterThan(5);
  });

  it.each<[z.ZodType, unknown, string]>([
    [z.string(), 1, 'a string is allowed here'],
    [z.url(), 'x', 'a string that is a url is allowed here'],
    [z.string().min(1), '', 'a string that is not empty is allowed here'],
    [z.string().min(1).max(255), 1, 'a string of 1 to 255 characters is allowed here'],
    [z.string().max(9), '0123456789', 'a string of at most 9 characters is allowed here'],
    [wholeNumber.min(1).max(1000), 0, 'a whole number from 1 to 1000 is allowed here'],
    [wholeNumber.min(1).max(1000), 1.5, 'a whole number from 1 to 1000 is allowed here'],
    [wholeNumber.min(1).max(1000).optional(), '5', 'a whole number from 1 to 1000 is allowed here'],
    [wholeNumber.min(1), 0.5, 'a whole number of at least 1 is allowed here'],
    [z.number(), 'x', 'a number is allowed here'],
    [z.boolean().default(true), 'x', 'true or false is allowed here'],
    [z.enum(['kv', 'ordered', 'first-reply']), 'x', 'allowed here: kv, ordered, first-reply'],
    [z.literal('x'), 1, 'allowed here: x'],
    [z.array(z.string()), {}, 'a list is allowed here'],
    [z.array(z.string()).min(1), [], 'a list that is not empty is allowed here'],
    [z.strictObject({}), [], 'an object is allowed here'],
    [z.strictObject({}), { a: 1 }, 'unknown field; allowed here: none'],
    [
      z.strictObject({ a: z.string().optional(), b: z.int().optional() }),
      { c: 1 },
      'unknown field; allowed here: a, b',
    ],
    [z.strictObject({ a: z.array(z.string()) }), {}, 'a is missing; a list is allowed here'],
    [z.strictObject({ a: z.enum(['x', 'y']) }), {}, 'a is missing; allowed here: x, y'],
    [z.strictObject({ a: z.unknown().meta({ type: 'array' }) }), {}, 'a is missing; a list is allowed here'],
    [z.strictObject({ a: z.string('a name is allowed here') }), {}, 'a is missing; a name is allowed here'],
    [z.union([z.string(), z.number()]), [], 'a string or a number is allowed here'],
    [z.record(z.string(), z.int()), { a: 'x' }, 'a whole number is allowed here'],
  ])('%#: is what is allowed', (schema, value, detail) => {
    expect(checkSchema(schema, value).faults.map((fault) => fault.detail)).toEqual([detail]);
  });
});

describe('a request', () => {
  it.each<[object, Record<string, string>]>([
    [
      { queries: { a: {} } },
      { source: 'source is missing; allowed here: sim', op: 'op is missing; the name of an operation is allowed here' },
    ],
    [{ queries: { a: { source: 'sim' } } }, { op: 'op is missing; allowed here: get' }],
    [
      { queries: { a: { source: 5, op: 5 } } },
      { source: 'allowed here: sim', op: 'the name of an operation is allowed here' },
    ],
    [{ queries: { a: { source: 'sim', op: null } } }, { op: 'allowed here: get' }],
    [{ queries: { a: { source: 'nope', op: 'get' } } }, { source: 'no such source; allowed here: sim' }],
    [
      { queries: { a: q({}, { concurrency: 0, forEach: { $result: '/b' } }), b: q() } },
      { concurrency: 'a whole number from 1 to 1000 is allowed here' },
    ],
    [{ queries: { a: { queries: {} } } }, { pattern: 'pattern is missing; allowed here: kv, ordered, first-reply' }],
    [
      { queries: { a: { pattern: 'kv' } } },
      { queries: 'queries is missing; an object of queries, by key, is allowed here' },
    ],
    [{ queries: { a: 5 } }, { '': 'an object is allowed here' }],
  ])('%j is told what is needed, once', (body, expected) => {
    const told = Object.entries(expected).map(([field, detail]) => [`#/queries/a${field && `/${field}`}`, detail]);
    expect(faults('kv', body)).toEqual(Object.fromEntries(told));
  });
});

describe('a configuration', () => {
  const detailsOf = (raw: unknown): Record<string, string> => {
    try {
      parseConfig(raw);
      return {};
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return Object.fromEntries(error.faults.map(({ path, detail }) => [path, detail]));
    }
  };

  const places = [...placesOf(configSchema(adapters))];

  it.each(places)('says at $path in the same style what does not fit', ({ place }) => {
    for (const value of VALUES)
      for (const [path, detail] of Object.entries(detailsOf(place(value)))) {
        expect(detail, path).not.toMatch(LIBRARY);
        expect(detail, path).toMatch(STYLE);
        expect(detail).not.toContain('§');
      }
  });

  it.each(places.filter(({ fields }) => fields))('says at $path which fields there are', ({ path, place, fields }) => {
    const unknown = [path, '§'].filter(Boolean).join('.');
    expect(detailsOf(place({ '§': 1 }))[unknown]).toBe(`unknown field; allowed here: ${fields!.join(', ')}`);
  });

  it('has many places', () => {
    expect(places.length).toBeGreaterThan(150);
    expect(places.filter(({ fields }) => fields).length).toBeGreaterThan(25);
  });

  it.each<[unknown, Record<string, string>]>([
    [5, { configuration: 'an object is allowed here' }],
    [{ sources: { a: null } }, { 'sources.a': 'an object whose adapter is mongo or s3 or rest is allowed here' }],
    [{ sources: { a: {} } }, { 'sources.a.adapter': 'adapter is missing; allowed here: mongo, s3, rest' }],
    [{ sources: { a: { adapter: 'sql' } } }, { 'sources.a.adapter': 'allowed here: mongo, s3, rest' }],
    [{ sources: { a: { adapter: 'rest' } } }, { 'sources.a.url': 'url is missing; a string is allowed here' }],
    [{ server: { port: 70_000 } }, { 'server.port': 'a whole number from 0 to 65535 is allowed here' }],
    [
      { sources: { a: { adapter: 'rest', url: 'http://a.example/', methods: ['put'] } } },
      { 'sources.a.methods.0': 'allowed here: get, head, post' },
    ],
    [
      { sources: { a: { adapter: 's3', bucket: 'photos', accessKeyId: 'x' } } },
      {
        'sources.a.secretAccessKey': 'accessKeyId is allowed here beside secretAccessKey only, and the other way round',
      },
    ],
  ])('%j', (raw, expected) => {
    expect(detailsOf(raw)).toEqual(expected);
  });
});

describe('checkCompiled', () => {
  const ops = Object.values(adapters).flatMap((adapter) => Object.values(adapter.ops));
  const schemas = [querySchema, groupSchema, ...Object.values(bodySchemas), ...ops.map(({ params }) => params)];
  const value = fc.oneof(
    fc.constantFrom(...VALUES.slice(0, 7), 'a', '/a', 5),
    fc.constantFrom(new Placeholder('$result'), new Filled('x'), new Filled(3)),
    fc.jsonValue({ maxDepth: 2 }),
  );

  it('finds what checkSchema does, in whatever stands there', () => {
    const asked = fc.constantFrom(...schemas).chain((schema) => {
      const names = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
      const key = fc.oneof({ weight: 9, arbitrary: fc.constantFrom('unknown', ...names) }, fc.constant('__proto__'));
      return fc.tuple(fc.constant(schema), fc.oneof(fc.dictionary(key, value), value));
    });
    fc.assert(
      fc.property(asked, ([schema, given]) => {
        expect(checkCompiled(schema, given)).toEqual(checkSchema(schema, given));
      }),
      { numRuns: 2000 },
    );
  });
});
