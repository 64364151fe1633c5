import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodapError } from '../../src/errors.ts';
import { Digits } from '../../src/json/leaf.ts';
import { decimalOf } from '../../src/json/digits.ts';
import { JsonCheck } from '../../src/json/json-check.ts';
import { atOnce, Work } from '../../src/budget/work.ts';
import { parseExact, parseScanned } from '../../src/json/parse.ts';
import { membersIn, readJson } from '../../src/json/read-json.ts';
import { scan } from '../../src/json/scan.ts';
import { writeJson } from '../../src/json/write.ts';

const check = (text: string, maxDepth?: number) => () => new JsonCheck(Buffer.from(text), maxDepth).go();

/** Expects a text to be judged as JSON.parse judges it. */
function expectAsJsonParse(text: string): void {
  let isJson = true;
  try {
    JSON.parse(text);
  } catch {
    isJson = false;
  }
  if (isJson) expect(check(text)).not.toThrow();
  else expect(check(text)).toThrow(expect.objectContaining({ code: 'BAD_RESPONSE' }));
}
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

/** Whether a double that is an integer, rounded to where a number written in JSON ends, is that number. */
function isRoundedTo(text: string, double: number): boolean {
  const [, whole = '', fraction = '', exponent = '0'] = /^-?(\d+)(?:\.(\d+))?(?:e(.+))?$/.exec(text) ?? [];
  const power = Number(exponent) - fraction.length;
  const size = BigInt(Math.abs(double));
  const unit = 10n ** BigInt(Math.abs(power));
  return BigInt(whole + fraction) === (power < 0 ? size * unit : (2n * size + unit) / (2n * unit));
}

const expected = (text: string): unknown =>
  JSON.parse(
    text.replaceAll(/[^[\],]+/g, (token) => JSON.stringify(/^-?\d+$/.test(token) ? token : String(Number(token)))),
  );

describe('parseExact', () => {
  it.each([
    '9007199254740993',
    '-9007199254740993',
    '1e400',
    '-12e999',
    '9'.repeat(400),
    `1${'0'.repeat(310)}.5`,
    '0.1e310',
    '1E+309',
    '1e0000400',
    '12345678901234567.5',
    '-9007199254740993.0',
    '9007199254740991.5',
    '4503599627370497.5',
    '-9007199254740991.25',
    '999999999999999.99',
    '99999999.999999999',
    '9999999.99999999999',
    '3.00000000000000000001',
    '-0.99999999999999999999',
    `1.${'0'.repeat(400)}1`,
    '12345678901234567891e0',
    '-12345678901234567891E+0',
    '9007199254740993e0',
    '4611686018427387905e0',
    '1.2345678901234567891e19',
    '12345678901234567.5e3',
    '12345678901234567891E-2',
    '0.12345678901234567891e20',
    '9.9999999999999991e+22',
    '9.99999999999999920e+22',
    '1e-400',
    '-1e-400',
    '1E-324',
    '0.01e-0323',
    `0.${'0'.repeat(330)}1`,
    `0.${'0'.repeat(230)}1e-99`,
    `1e-${'9'.repeat(400)}`,
  ])('keeps the digits of %s', (digits) => {
    expect(parseExact(digits)).toEqual(new Digits(digits));
    expect(parseExact(`{"a":["x",${digits}]}`)).toEqual({ a: ['x', new Digits(digits)] });
  });

  it.each([
    '9007199254740992',
    '-9007199254740992',
    '1e308',
    '9007199254740992.0',
    '4503599627370495.5',
    '450359962737049.75',
    '99999999.99999999',
    '3.0000000000000000000',
    '9007199254740992e0',
    '123456789012345678e-3',
    '1e22',
    '6.02214076e23',
    '1.2345678901234567e20',
    '123456789012345680000e0',
    '4611686018427387904e0',
    '123456789012345683968e0',
    '-1.23456789012345683968E+20',
    '9.9999999999999992e+22',
    '9.9999999999999991611392E22',
    `${BigInt(Number.MAX_VALUE)}e0`,
    '0.12345678901234567890',
    '-0',
    '0.0',
    '0e-400',
    '-0.000e-400',
    '5e-324',
    `0.${'0'.repeat(400)}`,
    `1${'0'.repeat(400)}e-400`,
    '"9007199254740993"',
  ])('reads %s as JSON.parse does', (text) => {
    expect(parseExact(text)).toBe(JSON.parse(text));
  });

  it('keeps every key, __proto__ too', () => {
    const value = parseExact('{"__proto__":{"a":9007199254740993},"constructor":1}') as object;
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect(Object.getOwnPropertyDescriptor(value, '__proto__')?.value).toEqual({ a: new Digits('9007199254740993') });
  });

  it('keeps the last of duplicate keys, its digits too', () => {
    expect(parseExact('{"a":1,"a":9007199254740993}')).toEqual({ a: new Digits('9007199254740993') });
  });

  it('keeps what a double would take for another integer, however it is written', () => {
    const digits = (least: number, most: number) =>
      fc.string({ unit: fc.constantFrom('0', '9', '1', '5'), minLength: least, maxLength: most });
    const written = fc
      .tuple(fc.constantFrom('', '-'), digits(0, 17), digits(0, 20), fc.integer({ min: -25, max: 25 }), fc.boolean())
      .map(([sign, whole, fraction, power, isPlain]) => {
        const point = fraction === '' ? '' : `.${fraction}`;
        return `${sign}${whole.replace(/^0+/, '') || '0'}${point}${isPlain ? '' : `e${power}`}`;
      });
    fc.assert(
      fc.property(written, (text) => {
        const number = Number(text);
        const isAnother =
          Number.isInteger(number) && !isRoundedTo(text, number) && decimalOf(String(number)) !== decimalOf(text);
        const isBeyond = !text.includes('e') && Math.abs(Number(text.split('.')[0])) > 2 ** 53;
        const value = isAnother || isBeyond ? new Digits(text) : number;
        expect([parseExact(text), parseExact(`[${text},{"1":0}]`)]).toEqual([value, [value, new Map([['1', 0]])]]);
        expect(scan(Buffer.from(text), { depth: 1 }).faults.length > 0).toBe(
          !text.includes('e') && (isAnother || isBeyond),
        );
        expect(scan(Buffer.from(text), { depth: 1, keepsDigits: true }).faults).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('reads a double as itself, however a writer tells it', () => {
    const told = (double: number, places: number) => [
      String(double),
      double.toPrecision(17),
      double.toPrecision(17 + places),
      double.toExponential(),
      double.toExponential(16 + places).toUpperCase(),
      ...(Number.isInteger(double) ? [`${BigInt(double)}e0`, `${BigInt(double)}E-0`] : []),
    ];
    const large = fc.tuple(fc.maxSafeNat(), fc.integer({ min: 0, max: 970 })).map(([it, power]) => it * 2 ** power);
    const doubles = fc.oneof(large, fc.double({ noNaN: true, noDefaultInfinity: true }));
    // Of -0 these leave 0.
    fc.assert(
      fc.property(
        doubles.map((it) => it + 0),
        fc.nat(60),
        (double, places) => {
          const texts = told(double, places).filter((text) => /[eE]/.test(text) || Math.abs(double) <= 2 ** 53);
          expect(parseExact(`[${texts.join(',')}]`)).toEqual(texts.map(() => double));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('reads any JSON, and loses no integer', () => {
    const { json } = fc.letrec((tie) => ({
      json: fc.oneof(
        { depthSize: 'small' },
        fc.bigInt().map(String),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => JSON.stringify(number)),
        fc.array(tie('json') as fc.Arbitrary<string>).map((parts) => `[${parts.join(',')}]`),
      ),
    }));
    const digitsOf = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(digitsOf);
      return value instanceof Digits ? value.text : String(value);
    };
    fc.assert(
      fc.property(json, (text) => {
        expect(digitsOf(parseExact(text))).toEqual(expected(text));
      }),
    );
  });
});

describe('parseScanned', () => {
  it.each(['12345678901234567891e0', '1.2345678901234567891e19', '12345678901234567.5e3', '{"1":9007199254740993e0}'])(
    'reads %s as doubles',
    (text) => {
      const read = atOnce(parseScanned(text, new Work(Infinity)));
      expect(read).toEqual(text.startsWith('{') ? new Map([['1', 2 ** 53]]) : JSON.parse(text));
    },
  );
});

describe('the order of keys', () => {
  it.each([
    '{"b":1,"2":2,"1":3,"a":4}',
    '{"10":{"9":[{"z":0,"8":1}]},"2":[]}',
    '{"#1":1,"1":2,"##1":3,"#":4,"#a":5}',
    '{"b":1,"007":2,"4294967295":3,"4294967296":4,"12345678901":5,"0":6,"-1":7}',
    '{"__proto__":1,"1":{"__proto__":{"2":2}},"constructor":3}',
    '{"a":"\\"1\\":","1":"{\\"2\\":3}"}',
  ])('keeps the order of keys of %s', (text) => {
    expect(writeJson(parseExact(text))).toBe(text);
  });

  it('knows a key in whatever spelling, and the last of two that are the same', () => {
    expect(writeJson(parseExact('{"b":1,"\\u0032":2 , "1\\u0030"  :3,"\\u00231":4,"2":5}'))).toBe(
      '{"b":1,"2":5,"10":3,"#1":4}',
    );
  });

  it('has objects of JavaScript itself where it keeps their order', () => {
    expect(parseExact('{"a":{"1":2}}')).toEqual({ a: new Map([['1', 2]]) });
    expect(parseExact('[{"a":"1"}]')).toEqual([{ a: '1' }]);
  });

  it('keeps digits and the order of keys at once', () => {
    const text = '{"b":9007199254740993,"1":[12345678901234567890.5,1e400]}';
    expect(writeJson(parseExact(text))).toBe(text);
  });

  it('keeps the order of any keys', () => {
    const key = fc.oneof(
      fc.nat().map(String),
      fc.string({ unit: fc.constantFrom('#', '1', '0', 'a', '"', '\\', ':') }),
    );
    const { json } = fc.letrec<{ json: string }>((tie) => ({
      json: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('1', 'null', '"1"', '"\\"1\\":"'),
        fc.array(tie('json')).map((members) => `[${members.join(',')}]`),
        fc
          .uniqueArray(fc.tuple(key, tie('json')), { selector: ([name]) => name })
          .map((members) => `{${members.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`),
      ),
    }));
    fc.assert(
      fc.property(json, (text) => {
        expect(writeJson(parseExact(text))).toBe(text);
      }),
    );
  });
});

describe('JsonCheck', () => {
  it.each(['1', '{"a":[1,"x"]}', ' null '])('lets %j pass', (text) => {
    expect(check(text)).not.toThrow();
  });

  it.each(['', 'secret', '{"secret":}', '[1', '"secret', `[${'"secret",'.repeat(500)}`, `${nested(900)}"\\`])(
    'answers BAD_RESPONSE, without the text, for what is not JSON',
    (text) => {
      expect(check(text)).toThrow(
        expect.objectContaining({ code: 'BAD_RESPONSE', message: expect.not.stringContaining('secret') }),
      );
      expect(check(text)).toThrow(CodapError);
    },
  );

  it('lets a depth of 1,000 pass and no more', () => {
    expect(check(nested(1000))).not.toThrow();
    expect(check(nested(1001))).toThrow('nested deeper than 1000');
    expect(check('{"a":'.repeat(1001) + '1' + '}'.repeat(1001))).toThrow('nested deeper than 1000');
    expect(check(nested(100_000))).toThrow('nested deeper than 1000');
  });

  it('takes another depth', () => {
    expect(check(nested(2), 2)).not.toThrow();
    expect(check(nested(3), 2)).toThrow('nested deeper than 2');
  });

  it('counts no brackets in strings, and is not misled by escaped quotes', () => {
    expect(check(JSON.stringify(['\\'.repeat(3), `"${'['.repeat(3000)}`, '\\"'.repeat(50)]))).not.toThrow();
    expect(check(`["\\\\",${nested(1000)}]`)).toThrow('nested deeper than 1000');
  });

  it.each([
    '"',
    '\\',
    '\\"',
    '\\u00e9',
    '\\u00g9',
    '\n',
    '\x00',
    '\x1f',
    '\x7f',
    ' ',
    '!',
    '#',
    '[',
    ']',
    'é',
    '漢',
    '😀',
  ])('judges a string with %j in it as JSON.parse does, however long and wherever that is', (special) => {
    for (let before = 0; before < 80; before++) {
      for (const after of [0, 1, 2, 3, 4, 70]) {
        const text = `["${'x'.repeat(before)}${special}${'y'.repeat(after)}"]`;
        expectAsJsonParse(text);
      }
    }
  });

  it('lets the four white spaces of JSON stand around a colon, and nothing else', () => {
    for (let code = 0; code < 0x100; code++)
      for (const space of [String.fromCharCode(code), '\u2028', '\ufeff'])
        for (const text of [`{"a"${space}:1}`, `{"a":${space}1}`, `{"a"  ${space}:\n${space}"x"}`])
          expectAsJsonParse(text);
  });

  it('ends with its bytes, however those before and after them in memory go on', () => {
    const around = Buffer.from(`"${'x'.repeat(200)}"`);
    expect(new JsonCheck(around).go()).toBe(true);
    for (let end = 1; end < 200; end++) expect(() => new JsonCheck(around.subarray(0, end)).go()).toThrow(CodapError);
  });

  it('lets pass what JSON.parse does, and nothing else, wherever a few bytes are others', () => {
    const bits = fc.constantFrom(
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      ' ',
      '\t',
      '0',
      '-',
      '.',
      'e',
      't',
      '\x01',
      'ü',
    );
    const edit = fc.tuple(fc.nat(), fc.nat(2), bits);
    const edited = fc
      .tuple(fc.jsonValue({ stringUnit: 'binary' }), fc.constantFrom(0, 1, 4), fc.array(edit, { maxLength: 2 }))
      .map(([value, indent, edits]) =>
        edits.reduce(
          (text, [place, removed, bit]) => {
            const at = place % (text.length + 1);
            return text.slice(0, at) + bit + text.slice(at + removed);
          },
          JSON.stringify(value, null, indent),
        ),
      );
    fc.assert(
      fc.property(edited, (text) => {
        expectAsJsonParse(text);
      }),
      { numRuns: 500 },
    );
  });

  it('is the same a little at a time as at once', () => {
    const judged = (text: string, count?: number) => {
      try {
        const check = new JsonCheck(Buffer.from(text));
        while (!check.go(count));
        return { members: check.members, isPlain: check.isPlain };
      } catch (error) {
        return (error as CodapError).code;
      }
    };
    const text = fc.oneof(
      fc.json({ stringUnit: 'binary' }),
      fc.string({
        unit: fc.constantFrom('"', '\\', 'n', '\\u0041', '{', '}', ':', ',', '[', ']', ' ', '1', 'x'.repeat(70)),
      }),
    );
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 80 }), (it, count) => {
        expect(judged(it, count)).toEqual(judged(it));
      }),
    );
  });

  it.each(['x', '\\n', 'ü', '\\u0041'])('looks at a long string a little at a time, one of %j too', (piece) => {
    const long = `"${piece.repeat(50_000)}"`;
    for (const text of [long, `{${long}:1}`]) {
      const check = new JsonCheck(Buffer.from(text));
      let times = 1;
      while (!check.go(1000)) times += 1;
      // An escape may stand at the end of each part, and what is ordinary is looked at 64 bytes at a time.
      expect(times).toBeGreaterThan(Buffer.byteLength(text) / 1100);
    }
  });

  it('finds the depth that a list has', () => {
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.integer({ min: 1, max: 6 }), (value, depth) => {
        const text = JSON.stringify(value);
        if (depthOf(value) > depth) expect(check(text, depth)).toThrow('nested deeper');
        else expect(check(text, depth)).not.toThrow();
      }),
    );
  });
});

it.each([
  ['nothing', '7', 0],
  ['an empty list and object', '[[],{}]', 7],
  ['objects', '{"a":1,"b":{"c":[1,2]}}', 8],
  ['what stands in strings', '["a,b","[{",{"x,\\"[":"\\\\"}]', 6],
])('how many members a text has is the same whoever counts: %s', (_what, text, count) => {
  const bytes = Buffer.from(text);
  const answer = new JsonCheck(bytes);
  answer.go();
  expect([membersIn(text), answer.members, scan(bytes, { depth: 9 }).members]).toEqual([count, count, count]);
});

describe('readJson', () => {
  it.each([
    ['an integer', '7'.repeat(1_000_000), true],
    ['a number with a fraction', `0.${'3'.repeat(1_000_000)}`, false],
    ['a number with a whole part and a fraction', `${'7'.repeat(1_000_000)}.5`, true],
    ['a number with an exponent', `${'7'.repeat(1_000_000)}e-999999`, false],
    ['a negative number', `-${'7'.repeat(1_000_000)}`, true],
  ])('counts 64 characters of a number as a piece of work, and reads it to its end: %s', (_what, number, isDigits) => {
    let pieces = 0;
    const work = { tick: (count = 1) => (pieces += count) < 0, opens: () => {} };
    const [read, after] = atOnce(readJson(`[${number},1]`, work)) as [unknown, unknown];
    expect(pieces).toBeGreaterThan(number.length >> 6);
    expect([read, after]).toEqual([isDigits ? new Digits(number) : Number(number), 1]);
  });
});
