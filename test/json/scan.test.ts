import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scan } from '../../src/json/scan.ts';

const faultsOf = (text: string, depth = 32) => scan(Buffer.from(text), { depth }).faults;
const pointersOf = (text: string, depth = 32) => faultsOf(text, depth).map(({ pointer }) => pointer);

const isNotJson = (text: string) =>
  faultsOf(text, Infinity).some(({ detail }) => /^(not JSON|the JSON ends)/.test(detail));
const parses = (text: string) => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('a body that JSON.parse would change in silence', () => {
  it.each([
    ['a duplicate key', '{"a":1,"b":2,"a":3}', '#/a'],
    ['a duplicate key in another spelling', '{"x":[{"a":1,"\\u0061":2}]}', '#/x/0/a'],
    ['a duplicate key that is not ASCII', '{"é":1,"\\u00e9":2}', '#/%C3%A9'],
    ['a duplicate key beyond the first plane', '{"😀":1,"\\ud83d\\ude00":2}', '#/%F0%9F%98%80'],
    ['a duplicate __proto__', '{"__proto__":1,"__proto__":2}', '#/__proto__'],
    ['a duplicate empty key', '{"":1,"":2}', '#/'],
    ['half a surrogate pair in a value', '[0,"\\ud800"]', '#/1'],
    ['the second half alone', '["\\udc00"]', '#/0'],
    ['two first halves', '["\\ud83d\\ud83d\\ude00"]', '#/0'],
    ['half a surrogate pair in a key', '{"a\\uD800":1}', '#/a%EF%BF%BD'],
    ['an integer beyond 2^53', '{"n":[1,9007199254740993]}', '#/n/1'],
    ['an integer beyond -2^53', '-9007199254740993', '#'],
    ['a fraction whose whole part is beyond 2^53', '{"n":[12345678901234567890.5]}', '#/n/0'],
    ['a fraction of nought whose whole part is beyond -2^53', '[-9007199254740993.0]', '#/0'],
    ['a fraction of which nothing is left', '{"n":[4503599627370497.5]}', '#/n/0'],
    ['a negative one behind fewer digits', '[-999999999999999.99]', '#/0'],
    ['a small one behind one digit', '3.00000000000000000001', '#'],
    ['one that makes one of nought', '[0.99999999999999999999]', '#/0'],
    ['one behind as many noughts as no double has', `[1.${'0'.repeat(400)}1]`, '#/0'],
    ['an integer of 400 digits', '9'.repeat(400), '#'],
    ['a number out of range', '{"a/b":{"~":1e400}}', '#/a~1b/~0'],
    ['a negative number out of range', '[-1.5E+309]', '#/0'],
    ['a number that its digits take out of range', '123e307', '#'],
    ['a number so small that nought would be left of it', '{"n":[1e-400]}', '#/n/0'],
    ['a negative one', '[-9.9E-325]', '#/0'],
    ['one that its digits take there', '[0.001e-322]', '#/0'],
    ['one with so many zeros', `[0.${'0'.repeat(330)}1]`, '#/0'],
    ['one with many zeros and an exponent of two digits', `[0.${'0'.repeat(230)}1e-99]`, '#/0'],
    ['one whose exponent is beyond all', `[1e-${'9'.repeat(400)}]`, '#/0'],
  ])('has %s: a fault with its pointer', (_name, text, pointer) => {
    expect(pointersOf(text)).toEqual([pointer]);
  });

  it.each([
    '9007199254740992',
    '-9007199254740992',
    '1e20',
    '9007199254740992.0',
    '4503599627370495.5',
    '450359962737049.75',
    '99999999.99999999',
    '0.00000000000000000001',
    '3.0000000000000000000',
    '45035996273704975e-1',
    '12345678901234567890.5e1',
    '12345678901234567890E0',
    '1.5e300',
    '1e308',
    '0.1234567890123456789',
    '5e-324',
    '2.5e-324',
    '1234567e-329',
    '0e-400',
    '-0.00e-400',
    `0.${'0'.repeat(400)}`,
    `0.${'0'.repeat(400)}1e400`,
    `1${'0'.repeat(400)}e-400`,
    '-0',
    '"\\ud83d\\ude00"',
    '[{"a":1},{"a":1},["a","a"],{"b":{"a":1},"a":2}]',
    '{"a":{"a":{"a":1}}}',
  ])('%s is fine', (text) => {
    expect(faultsOf(text)).toEqual([]);
  });

  it('is not UTF-8: a fault at the string or the key', () => {
    const bad = Buffer.from([0xc3, 0x28]);
    const body = Buffer.concat([Buffer.from('{"a":["é","'), bad, Buffer.from('"],"'), bad, Buffer.from('":1}')]);
    expect(scan(body, { depth: 32 }).faults.map(({ pointer }) => pointer)).toEqual(['#/a/1', '#/%EF%BF%BD(']);
  });

  it('has surrogates encoded as if they were characters: not UTF-8', () => {
    const body = Buffer.concat([Buffer.from('["'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"]')]);
    expect(scan(body, { depth: 32 }).faults).toHaveLength(1);
  });

  it('names every fault, in order', () => {
    expect(pointersOf('{"a":1e999,"b":[9007199254740993,"\\udfff"],"a":{"c":1,"c":2}}')).toEqual([
      '#/a',
      '#/b/0',
      '#/b/1',
      '#/a',
      '#/a/c',
    ]);
  });

  it('names at most 100 faults and repeats no value', () => {
    const faults = faultsOf(`["secret\\ud800",${'31415926535897932384,'.repeat(200)}0]`);
    expect(faults).toHaveLength(100);
    expect(JSON.stringify(faults)).not.toMatch(/secret|314159/);
  });

  it.each([
    ['9007199254740993', '{"$numberLong": "…"}'],
    ['9007199254740993.5', '{"$numberDecimal": "…"}'],
    ['4503599627370497.5', '{"$numberDecimal": "…"}'],
  ])('tells how %s is written, and where in which way', (text, wrapped) => {
    expect(faultsOf(text)[0]?.detail).toMatch(
      new RegExp(
        `: where a string is allowed write one, or in the params of a MongoDB query ${RegExp.escape(wrapped)}$`,
      ),
    );
  });
});

describe('nesting', () => {
  it('may be as deep as the limit, the body being 1', () => {
    expect(faultsOf('{"a":[{}]}', 3)).toEqual([]);
    expect(faultsOf('1', 1)).toEqual([]);
  });

  it('beyond the limit is one fault where it is, which ends the scan', () => {
    expect(faultsOf('{"a":[0,{"b":[[[1e999]]]}],"z":1e999}', 3)).toEqual([
      { pointer: '#/a/1/b', detail: 'nested deeper than 3' },
    ]);
  });

  it('of a million brackets is scanned without recursion', () => {
    const body = Buffer.alloc(2 ** 20, '[');
    expect(scan(body, { depth: 32 }).faults).toHaveLength(1);
    expect(scan(body, { depth: Infinity }).faults).toMatchObject([
      { pointer: '#', detail: expect.stringContaining('ends too early') },
    ]);
  });
});

describe('a body that is not JSON', () => {
  it.each([
    ['[1,\n tru]', 'line 2, column 5, byte 8'],
    ['{"é" 1}', 'line 1, column 6, byte 6'],
    ['\ufeff1', 'line 1, column 1, byte 0'],
    ['', 'line 1, column 1, byte 0'],
    ['{"a":', 'line 1, column 6, byte 5'],
  ])('%j: one fault at the root that tells where', (text, place) => {
    expect(faultsOf(text)).toEqual([{ pointer: '#', detail: expect.stringContaining(place) }]);
  });

  it('may begin behind what is no part of its text', () => {
    expect(scan(Buffer.from('\ufeff{"a":1}'), { depth: 1, from: 3 }).faults).toEqual([]);
    expect(scan(Buffer.from('\ufeff[x'), { depth: 1, from: 3 }).faults).toEqual([
      { pointer: '#', detail: expect.stringContaining('line 1, column 2, byte 4') },
    ]);
  });

  it('still has the faults before it named', () => {
    expect(pointersOf('[1e999,')).toEqual(['#/0', '#']);
  });

  it.each([
    '[1,]',
    '{"a":1,}',
    '{,}',
    '[,1]',
    '01',
    '-',
    '+1',
    '1.',
    '.5',
    '1e',
    '1e+',
    '0x1',
    'nul',
    'nulls',
    'NaN',
    '"\t"',
    '"\\x41"',
    '"\\u12g4"',
    '"\\u12',
    '"',
    '"\\',
    "'a'",
    '1 2',
    '[1}',
    '{"a":1]',
    '{1:2}',
    '{"a"}',
    ']',
    '//',
    '\u00a01',
    '"a\u0000"',
  ])('%j is found out', (text) => {
    expect(() => JSON.parse(text) as unknown).toThrow();
    expect(pointersOf(text)).toEqual(['#']);
  });

  it('is found out exactly where JSON.parse throws', () => {
    const mutation = fc.tuple(
      fc.nat(),
      fc.nat(2),
      fc.constantFrom(...Array.from('{}[]",:\\/u0123456789abcdefE+-. \n\t\u0001é\ufeff')),
    );
    const text = fc
      .tuple(fc.json({ maxDepth: 4 }), fc.nat(3), fc.array(mutation, { maxLength: 3 }))
      .map(([json, indent, mutations]) => {
        const indented = JSON.stringify(JSON.parse(json), undefined, indent);
        return mutations.reduce((old, [place, cut, char]) => {
          const at = place % (old.length + 1);
          return old.slice(0, at) + (cut === 2 ? '' : char) + old.slice(at + Math.min(cut, 1));
        }, indented);
      });
    const scraps = fc
      .array(
        fc.constantFrom(
          '{',
          '}',
          '[',
          ']',
          '"',
          '"a"',
          ':',
          ',',
          '1',
          '-',
          '.5',
          'e3',
          'true',
          'nul',
          'l',
          '\\',
          '\\u00',
          '41',
          ' ',
        ),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(text, scraps), (sample) => {
        fc.pre(faultsOf(sample, Infinity).length < 100);
        expect(isNotJson(sample)).toBe(!parses(sample));
      }),
      { numRuns: 3000 },
    );
  });

  it('never makes the scan throw, whatever its bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) =>
        Array.isArray(scan(Buffer.from(bytes), { depth: 5 }).faults),
      ),
    );
  });
});

const few = (count: number) => Array.from({ length: count }, (_, index) => `"k${index}":{"k0":0,"k1":0}`).join(',');

describe('duplicate keys', () => {
  it('are found around objects that have been left', () => {
    for (const count of [1, 7, 8, 9, 20]) {
      expect(pointersOf(`{"a":{${few(count)}},"b":{${few(count)},"k0":1},"a":0}`)).toEqual(['#/b/k0', '#/a']);
      expect(pointersOf(`{${few(count)},"k${count - 1}":1}`)).toEqual([`#/k${count - 1}`]);
    }
  });

  it('are found among any keys, in whatever spelling', () => {
    const key = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '😀', '"', '\\', '\n'), maxLength: 3 });
    const spelt = fc.tuple(key, fc.boolean()).map(([text, escaped]) => {
      const units = Array.from(
        { length: text.length },
        (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`,
      );
      return { text, json: escaped ? `"${units.join('')}"` : JSON.stringify(text) };
    });
    fc.assert(
      fc.property(fc.array(spelt, { maxLength: 30 }), (keys) => {
        const faults = faultsOf(`{${keys.map(({ json }) => `${json}:0`).join(',')}}`);
        expect(faults).toHaveLength(keys.length - new Set(keys.map(({ text }) => text)).size);
      }),
    );
  });

  it('are found among many', () => {
    const members = Array.from({ length: 50_000 }, (_, index) => `"k${index}":0`);
    expect(pointersOf(`{${members.join(',')},"k77":1}`)).toEqual(['#/k77']);
  });
});
