import { parse } from 'node:querystring';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atOnce, Work } from '../../src/budget/work.ts';
import { parseExact } from '../../src/json/parse.ts';
import { recordOf } from '../../src/json/members.ts';
import { scan } from '../../src/json/scan.ts';
import { Param, paramSchema } from '../../src/saved/param.ts';
import type { Given, ParamSet } from '../../src/saved/param-set.ts';
import { paramsOf } from './saved-batches.ts';
import { processorMs } from '../processor-time.ts';

/** What a URL says, or what is wrong with it. */
function byUrl(params: ParamSet, query: string): unknown {
  const given = parse(query) as Given;
  const { values, faults } = params.ofUrl(given);
  return faults.length > 0 ? faults : values;
}

/** What the `params` of a body say, or what is wrong with them. */
function byBody(params: ParamSet, text: string): unknown {
  if (scan(Buffer.from(text), { depth: 32 }).faults.length > 0) return [];
  const faults: object[] = [];
  const given = recordOf(parseExact(text)) as Record<string, unknown>;
  const values = atOnce(params.ofBody(given, (name, detail) => faults.push({ name, detail }), new Work(Infinity)));
  return faults.length > 0 ? faults : values;
}

const one = (spec: object) => paramsOf({ a: spec });
const REFUSED = expect.any(Array) as unknown;

describe('a parameter of a URL is converted from its text', () => {
  it.each([
    ['string', 'a=7', '7'],
    ['string', 'a=', ''],
    ['string', 'a=a+b%20c%2Bd', 'a b c+d'],
    ['string', 'a=%00%F0%9F%98%80', '\0😀'],
    ['string', 'a=null', 'null'],
    ['number', 'a=-1.5e3', -1500],
    ['number', 'a=0', 0],
    ['number', 'a=9007199254740992', 9_007_199_254_740_992],
    ['number', 'a=1e300', 1e300],
    ['integer', 'a=42', 42],
    ['integer', 'a=4.0', 4],
    ['integer', 'a=1e3', 1000],
    ['integer', 'a=9007199254740992', 9_007_199_254_740_992],
    ['integer', 'a=-9007199254740992', -9_007_199_254_740_992],
    ['integer', 'a=1e300', 1e300],
    ['boolean', 'a=true', true],
    ['boolean', 'a=false', false],
    [['string'], 'a=x', ['x']],
    [['string'], 'a=x&a=', ['x', '']],
    [['integer'], 'a=3&a=1&a=2', [3, 1, 2]],
    [['boolean'], 'a=true&a=false', [true, false]],
  ])('%j: %s is %j', (type, query, value) => {
    expect(byUrl(one({ type }), query)).toEqual({ a: value });
  });

  it.each([
    ['string', 'a=x&a=y'],
    ['number', 'a='],
    ['number', 'a=1e999'],
    ['number', 'a=9007199254740993'],
    ['number', 'a=123456789012345678901234567890'],
    ['number', 'a=4503599627370497.5'],
    ['number', 'a=NaN'],
    ['number', 'a=Infinity'],
    ['number', 'a=0x10'],
    ['number', 'a=+1'],
    ['number', 'a=%2B1'],
    ['number', 'a=01'],
    ['number', 'a=1.'],
    ['number', 'a=.5'],
    ['number', 'a=1_000'],
    ['number', 'a=1%20'],
    ['number', 'a=%D9%A1'],
    ['integer', 'a=1.5'],
    ['integer', 'a=9007199254740993'],
    ['integer', 'a=1.00000000000001'],
    ['integer', 'a=3.00000000000000000001'],
    ['boolean', 'a='],
    ['boolean', 'a=1'],
    ['boolean', 'a=True'],
    ['boolean', 'a=true&a=true'],
    [['integer'], 'a=1&a=x'],
    [['integer'], 'a=1,2'],
  ])('%j: %s is none', (type, query) => {
    expect(byUrl(one({ type }), query)).toEqual([
      { parameter: 'a', detail: expect.stringMatching(/ is allowed here$/) as string },
    ]);
  });
});

it.each([
  ['string', 'a=x&a=y', 'it is given more than once; a string is allowed here'],
  ['integer', 'a=9007199254740993', 'a number that a double cannot hold; a whole number is allowed here'],
  ['number', 'a=1e999', 'a number that a double cannot hold; a number is allowed here'],
  [
    ['integer'],
    'a=1&a=9007199254740993',
    'a number that a double cannot hold; a list of whole numbers is allowed here',
  ],
  ['integer', 'a=1.5', 'a whole number is allowed here'],
])('%j: of %s it is told why it is none', (type, query, detail) => {
  expect(byUrl(one({ type }), query)).toEqual([{ parameter: 'a', detail }]);
});

describe('a parameter of a body is what it is', () => {
  it.each([
    ['string', '"7"', '7'],
    ['number', '-1.5', -1.5],
    ['integer', '4.0', 4],
    ['boolean', 'false', false],
    [['string'], '[]', []],
    [['number'], '[1, 2]', [1, 2]],
  ])('%j: %s is %j', (type, text, value) => {
    expect(byBody(one({ type }), `{"a": ${text}}`)).toEqual({ a: value });
  });

  it.each([
    ['string', '7'],
    ['string', 'null'],
    ['string', '{"$join": ["a"]}'],
    ['string', '["a"]'],
    ['string', '"\\ud800"'],
    ['number', '"7"'],
    ['number', '1e999'],
    ['number', '9007199254740993'],
    ['integer', '"7"'],
    ['integer', '1.5'],
    ['boolean', '"true"'],
    ['boolean', '1'],
    [['string'], '"a"'],
    [['string'], '[["a"]]'],
    [['string'], '[null]'],
    [['string'], '{"0": "a"}'],
  ])('%j: %s is none', (type, text) => {
    expect(byBody(one({ type }), `{"a": ${text}}`)).toEqual(REFUSED);
  });

  it.each(['__proto__', 'constructor', 'toString', '0', ''])('%j is unknown, as any other name', (name) => {
    const faults = byBody(one({ type: 'string', required: false }), `{${JSON.stringify(name)}: {"a": "x"}}`);
    expect(faults).toEqual([{ name, detail: 'no such parameter; allowed here: a' }]);
  });
});

describe('what is said of a parameter holds', () => {
  it.each([
    [{ type: 'string', enum: ['a', 'b'] }, ['a', 'b'], ['c', '', 'A']],
    [{ type: 'integer', enum: [1, 2] }, [1, 2], [3, 0]],
    [{ type: 'integer', maximum: 2 ** 53 }, [2 ** 53], [1e16, 1e300]],
    [{ type: 'integer', enum: [2 ** 53] }, [2 ** 53], [2 ** 53 - 1]],
    [{ type: 'integer', default: 2 ** 53 }, [-(2 ** 53)], [0.5]],
    [{ type: ['integer'], minimum: -(2 ** 53), maxItems: 2 ** 53 }, [[-(2 ** 53), 2 ** 53]], [[-1e16]]],
    [{ type: 'string', pattern: '^[a-z]+$' }, ['abc'], ['', 'abC', 'a\nb', 'abc\n']],
    [{ type: 'string', pattern: 'b' }, ['abc'], ['ac']],
    [{ type: 'string', pattern: '(?i)^ada$' }, ['ADA'], ['Adam']],
    [{ type: 'string', minLength: 2, maxLength: 3 }, ['ab', '😀😀', '😀😀😀'], ['a', '😀', 'abcd']],
    [{ type: 'number', minimum: -1, maximum: 1.5 }, [-1, 0, 1.5], [-1.1, 1.6]],
    [{ type: ['string'], enum: ['a'], maxItems: 2 }, [['a'], ['a', 'a']], [['b'], ['a', 'b'], ['a', 'a', 'a']]],
    [{ type: ['integer'], minimum: 1 }, [[1, 2]], [[1, 0]]],
    [{ type: ['string'], maxItems: 0 }, [], [['a']]],
  ])('%j', (spec, fitting, others) => {
    const query = (value: unknown) =>
      [value]
        .flat()
        .map((text) => `a=${encodeURIComponent(String(text))}`)
        .join('&');
    for (const value of fitting) {
      expect(byBody(one(spec), JSON.stringify({ a: value }))).toEqual({ a: value });
      expect(byUrl(one(spec), query(value))).toEqual({ a: value });
    }
    for (const value of others) {
      expect(byBody(one(spec), JSON.stringify({ a: value }))).toEqual(REFUSED);
      expect(byUrl(one(spec), query(value))).toEqual(REFUSED);
    }
  });

  it('one without a default has to be given, unless it says otherwise', () => {
    const params = paramsOf({
      needed: { type: 'string' },
      optional: { type: 'string', required: false },
      given: { type: ['integer'], default: [1, 2] },
      empty: { type: 'boolean', default: false },
    });
    expect(byUrl(params, '')).toEqual([{ parameter: 'needed', detail: 'needed is missing; a string is allowed' }]);
    expect(byBody(params, '{}')).toEqual([{ name: 'needed', detail: 'needed is missing; a string is allowed' }]);
    for (const values of [byUrl(params, 'needed=x'), byBody(params, '{"needed": "x"}')])
      expect(values).toEqual({ needed: 'x', given: [1, 2], empty: false });
    expect(byUrl(params, 'needed=x&given=3&empty=true')).toEqual({ needed: 'x', given: [3], empty: true });
  });

  it('names that every object has are names as any other', () => {
    const params = paramsOf({
      constructor: { type: 'string', required: false },
      toString: { type: 'integer', required: false },
    });
    expect(byUrl(params, '')).toEqual({});
    expect(byBody(params, '{}')).toEqual({});
    expect(byUrl(params, 'constructor=x&toString=1')).toEqual({ constructor: 'x', toString: 1 });
    expect(params.has('valueOf')).toBe(false);
  });

  it('every fault is told at once', () => {
    const params = paramsOf({ a: { type: 'integer' }, b: { type: 'boolean' }, c: { type: 'string', maxLength: 1 } });
    expect((byUrl(params, 'a=x&c=long') as { parameter: string }[]).map(({ parameter }) => parameter)).toEqual([
      'a',
      'b',
      'c',
    ]);
    expect((byBody(params, '{"d": 1, "a": "x", "c": "long"}') as { name: string }[]).map(({ name }) => name)).toEqual([
      'd',
      'a',
      'b',
      'c',
    ]);
  });

  it('a text that is matched has an end, unless it is said where', () => {
    const text = (chars: number) => JSON.stringify({ a: 'a'.repeat(chars) });
    const params = one({ type: 'string', pattern: 'a$' });
    expect(byBody(params, text(8192))).toEqual({ a: 'a'.repeat(8192) });
    const detail = 'a string of at most 8192 characters matching a$ is allowed here';
    expect(byBody(params, text(8193))).toEqual([{ name: 'a', detail }]);
  });

  it('a long list is looked at in turns with others, and counts as work', () => {
    const params = one({ type: ['string'], pattern: '^a$' });
    const given = { a: Array.from({ length: 5000 }, () => 'a') };
    const steps = params.ofBody(given, () => {}, new Work(4000));
    expect(() => atOnce(steps)).toThrow('pieces of work');
  });

  it('a pattern is matched in linear time', () => {
    const params = one({ type: 'string', pattern: '^(a+)+$', maxLength: 1_000_000 });
    const began = processorMs();
    expect(byBody(params, JSON.stringify({ a: `${'a'.repeat(50_000)}!` }))).toEqual(REFUSED);
    expect(processorMs() - began).toBeLessThan(1000);
  });
});

describe('the schema of a parameter takes what the parameter takes', () => {
  const ajv = new Ajv2020();
  /** Whether a text fits, by codap; and by what it publishes, where that has a pattern. */
  const judged = (pattern: string, texts: readonly string[]) => {
    const param = new Param(paramSchema.parse({ type: 'string', pattern }));
    const schema = param.schema as { pattern?: string };
    const isValid = ajv.compile(schema);
    return {
      published: schema.pattern,
      own: texts.map((text) => param.fits(text)),
      theirs: texts.map((text) => isValid(text)),
    };
  };
  const characters = Array.from('ab1_-]\\.^ kKsSé😀\r\n\t\v\f\b\0\u00a0\u1680\u2028\u2029\u3000\ufeff\u212a\u017f');

  it.each([
    ['^.\\s?x$', '^[^\\n][\\t\\n\\f\\r ]?x$'],
    ['^\\S+@[\\s.]+\\.$', '^[^\\t\\n\\f\\r ]+@[\\t\\n\\f\\r .]+\\.$'],
    ['^[^\\s-]\\\\.$', '^[^\\t\\n\\f\\r -]\\\\[^\\n]$'],
    ['^\\w\\b\\d(?:a|[.])$', '^\\w\\b\\d(?:a|[.])$'],
    ['(?i)a', undefined],
    ['(?i:k)', undefined],
    ['(?s:.)', undefined],
    ['(?m:^a$)', undefined],
    ['[\\S-]', undefined],
    ['[\\s-a]', undefined],
    ['[]a]', undefined],
    ['[][a]', undefined],
    ['[^][a]', undefined],
    ['[[:alpha:]]', undefined],
    ['[a[:^digit:]x[y]', undefined],
    ['\\p{L}', undefined],
    ['\\B', undefined],
    ['\\PL', undefined],
    ['\\A\\Qa.\\E\\z', undefined],
  ])('%s is published as %s', (pattern, published) => {
    const texts = characters.flatMap((one) => [one, `${one}x`, `a${one}x`, `${one}${one}`]);
    const found = judged(pattern, texts);
    expect(found.published).toBe(published);
    if (published !== undefined) expect(found.theirs).toEqual(found.own);
  });

  it.each<[object, string | undefined]>([
    [{}, undefined],
    [{ description: 'An id.' }, 'An id.'],
    [{ pattern: '^a$' }, undefined],
    [{ pattern: '\\PL' }, 'Matches \\PL (RE2).'],
    [{ description: 'An id.', pattern: '\\PL' }, 'An id. Matches \\PL (RE2).'],
  ])('and of %j has the description %j', (own, description) => {
    const { schema } = new Param(paramSchema.parse({ type: 'string', ...own }));
    expect(Object.hasOwn(schema, 'description')).toBe(description !== undefined);
    expect(schema).toMatchObject(description === undefined ? {} : { description });
  });

  it('whatever its pattern is', () => {
    const parts =
      'a k . - ^ $ [ ] [^ ( ) (?: (?i: (?<n> | * + ? {1,2} \\s \\S \\w \\W \\d \\D \\b \\B \\. \\- \\] \\\\ \\n \\v \\x41 \\pL 😀 : a-z'
        .split(' ')
        .concat(' ');
    const pattern = fc
      .array(fc.constantFrom(...parts), { minLength: 1, maxLength: 8 })
      .map((some) => some.join(''))
      .filter((text) => paramSchema.safeParse({ type: 'string', pattern: text }).success);
    const texts = fc.array(fc.array(fc.constantFrom(...characters), { maxLength: 4 }).map((some) => some.join('')));
    fc.assert(
      fc.property(pattern, texts, (one, some) => {
        const { published, own, theirs } = judged(one, [...characters, ...some]);
        if (published !== undefined) expect(theirs).toEqual(own);
      }),
      { numRuns: 300 },
    );
  });
});

const EACH = {
  text: { type: 'string' },
  number: { type: 'number' },
  whole: { type: 'integer' },
  yes: { type: 'boolean' },
  texts: { type: ['string'] },
  numbers: { type: ['number'] },
  flags: { type: ['boolean'] },
};

it('a URL and a body come to the same, whatever the values', () => {
  const params = paramsOf(
    Object.fromEntries(Object.entries(EACH).map(([name, spec]) => [name, { ...spec, required: false }])),
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', '+', '%', '&a=b', '$where', '__proto__', 'true', '1'),
  );
  const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger(), fc.integer());
  const list = <T>(of: fc.Arbitrary<T>) => fc.array(of, { minLength: 1, maxLength: 5 });
  const values = fc.record(
    {
      text,
      number,
      whole: fc.maxSafeInteger(),
      yes: fc.boolean(),
      texts: list(text),
      numbers: list(number),
      flags: list(fc.boolean()),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(values, (given) => {
      const pairs: [string, string][] = Object.entries(given).flatMap(([name, value]) =>
        [value].flat().map((member) => [name, typeof member === 'number' ? JSON.stringify(member) : String(member)]),
      );
      const plain = pairs.map(([name, member]) => `${name}=${encodeURIComponent(member)}`).join('&');
      const asForm = new URLSearchParams(pairs).toString();
      const expected = byBody(params, JSON.stringify(given));
      for (const query of [plain, asForm])
        expect(byUrl(params, query)).toEqual(Array.isArray(expected) ? REFUSED : expected);
    }),
  );
});

it('any text is taken as the same number by a URL and a body, or by none', () => {
  const params = one({ type: 'number' });
  const digits = fc.stringMatching(/^-?[0-9]{1,20}(\.[0-9]{0,3})?([eE][+-]?[0-9]{1,3})?$/);
  fc.assert(
    fc.property(digits, (text) => {
      const expected = byBody(params, `{"a": ${text}}`);
      const value = byUrl(params, `a=${encodeURIComponent(text)}`);
      if (Array.isArray(expected)) expect(value).toEqual(REFUSED);
      else expect(value).toEqual(expected);
    }),
  );
});
