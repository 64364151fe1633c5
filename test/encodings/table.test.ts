import { execFileSync } from 'node:child_process';
import { Binary, Decimal128, Long, ObjectId, UUID } from 'bson';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { NoTable, tableText } from '../../src/encodings/table.ts';
import { Digits } from '../../src/json/leaf.ts';
import type { Mode } from '../../src/json/typed-text.ts';
import { slowClock } from '../budget/slow-clock.ts';

afterEach(() => void vi.restoreAllMocks());

const tooLarge = (): Error => new RangeError('too large');
const table = async (
  value: unknown,
  mode?: Mode,
  bytes = 1_000_000,
  turn = async (): Promise<void> => {},
): Promise<string> => {
  const steps = tableText(value, { mode, bytes, hold: () => {}, tooLarge });
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value.toString();
    await turn();
  }
};
const cell = async (value: unknown, mode?: Mode): Promise<string> =>
  (await table([{ a: value, b: 1 }], mode)).slice('a,b\r\n'.length, -',1\r\n'.length);

describe('a table', () => {
  it('has the keys of all objects as columns, in order of appearance', async () => {
    expect(await table([{ b: 1, a: 2 }, { c: 3, a: 4 }, {}])).toBe('b,a,c\r\n1,2,\r\n,4,3\r\n,,\r\n');
  });

  it('of no object, or of objects without a key, is empty', async () => {
    for (const value of [[], [{}, {}]]) expect(await table(value)).toBe('');
  });

  it.each([
    ['text', 'text'],
    ['', ''],
    [null, ''],
    [undefined, ''],
    [true, 'true'],
    [false, 'false'],
    [0, '0'],
    [1.5, '1.5'],
    [1e21, '1e+21'],
    [NaN, 'NaN'],
    [new Digits('9007199254740993'), '9007199254740993'],
    [new Digits('1E400'), '1E400'],
    [Long.fromString('9007199254740993'), '9007199254740993'],
    [Long.fromString('7'), '7'],
    [Decimal128.fromString('1.10'), '1.10'],
    [new ObjectId('665f00000000000000000001'), '665f00000000000000000001'],
    [new UUID('0f8fad5b-d9cb-469f-a165-70867728950e'), '0f8fad5b-d9cb-469f-a165-70867728950e'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Binary(Buffer.from('abc')), 'YWJj'],
    [[], '[]'],
    [[1, 'x'], '"[1,""x""]"'],
    [{ n: null, d: new Date(0) }, '"{""n"":null,""d"":""1970-01-01T00:00:00.000Z""}"'],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['two\nlines', '"two\nlines"'],
    ['cr\r', '"cr\r"'],
    [' led', '" led"'],
    ['\ttrailed ', '"\ttrailed "'],
    ['\uFEFFmark', '"\uFEFFmark"'],
    ['in between', 'in between'],
    ['=1+1', '=1+1'],
    ["it's", "it's"],
    ['ü😀', 'ü😀'],
  ])('writes %j as %j', async (value, expected) => {
    expect(await cell(value)).toBe(expected);
  });

  it('writes Extended JSON where it was asked for', async () => {
    expect(await cell(new Date(0), 'relaxed')).toBe('"{""$date"":""1970-01-01T00:00:00Z""}"');
    const canonical = await table([{ a: 7 }], 'canonical');
    expect(canonical.split('\r\n')[1]).toBe('"{""$numberInt"":""7""}"');
  });

  it('shows an empty field that is alone in its line', async () => {
    expect(await table([{ a: null }, { a: '' }, {}])).toBe('a\r\n""\r\n""\r\n""\r\n');
    expect(await table([{ '': 1 }])).toBe('""\r\n1\r\n');
  });

  it('has keys such as __proto__ and constructor as any other', async () => {
    expect(await table([JSON.parse('{"__proto__":1,"constructor":2}'), { toString: 3 }])).toBe(
      '__proto__,constructor,toString\r\n1,2,\r\n,,3\r\n',
    );
  });

  it.each([
    ['an object', {}],
    ['a text', 'abc'],
    ['null', null],
    ['a list with a number', [{ a: 1 }, 2]],
    ['a list with null', [null]],
    ['a list of lists', [[1]]],
    ['a list of dates', [new Date(0)]],
    ['a list of ids', [new ObjectId()]],
    ['a list with half of a character', [{ a: '\ud83d' }]],
    ['a list with half of a character in a key', [{ '\ud83d': 1 }]],
  ])('cannot be made of %s', async (_what, value) => {
    await expect(table(value)).rejects.toThrow(NoTable);
  });

  it('is refused beyond its bytes, a wide one before it is written', async () => {
    expect(await table([{ a: 'x'.repeat(10) }], undefined, 12)).toHaveLength(15);
    await expect(table([{ a: 'x'.repeat(10) }], undefined, 11)).rejects.toThrow(RangeError);
    await expect(table([{ a: 'ü'.repeat(10) }], undefined, 12)).rejects.toThrow(RangeError);
    const wide = Array.from({ length: 1000 }, (_, row) =>
      Object.fromEntries(Array.from({ length: 100 }, (_, column) => [`${row}.${column}`, 1])),
    );
    await expect(table(wide, undefined, 99_999_999)).rejects.toThrow(RangeError);
  });

  it('gives others their turn, and ends when it is told to', async () => {
    const rows = Array.from({ length: 50_000 }, (_, at) => ({ at, text: 'some, text' }));
    let turns = 0;
    await table(rows, undefined, 1e9, async () => void (turns += 1));
    expect(turns).toBeGreaterThan(1);
    const gone = new Error('gone');
    await expect(
      table(rows, undefined, 1e9, async () => {
        throw gone;
      }),
    ).rejects.toBe(gone);
  });

  it.each([
    ['quotes', '"'.repeat(500_000), `"${'"'.repeat(1_000_000)}"`],
    [
      'a list',
      Array.from({ length: 100_000 }, () => 0),
      JSON.stringify('0,'.repeat(99_999) + '0').replace(/^"(.*)"$/, '"[$1]"'),
    ],
  ])('gives others their turn within a long cell of %s', async (_what, value, expected) => {
    await slowClock();
    let turns = 0;
    const text = await table([{ a: value }], undefined, 1e9, async () => void (turns += 1));
    expect(turns).toBeGreaterThan(20);
    expect(text === `a\r\n${expected}\r\n`).toBe(true);
  });

  it('is read by another reader as it was written', { timeout: 30_000 }, async () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '"', ',', '\r', '\n', ' ', '\t', ';', '=', 'ü', '😀'),
      maxLength: 6,
    });
    const row = fc.dictionary(text, fc.oneof(text, fc.constant(null), fc.integer()), { maxKeys: 4 });
    const lists = fc.sample(fc.array(row, { maxLength: 5 }), 500);
    const texts = await Promise.all(lists.map((list) => table(list)));
    const reader =
      'import csv,io,json,sys\nprint(json.dumps([list(csv.reader(io.StringIO(t,newline=""))) for t in json.load(sys.stdin)]))';
    const read = JSON.parse(execFileSync('python3', ['-c', reader], { input: JSON.stringify(texts) }).toString());
    const expected = lists.map((list) => {
      const columns = [...new Set(list.flatMap((one) => Object.keys(one)))];
      if (columns.length === 0) return [];
      return [
        columns,
        ...list.map((one) => columns.map((key) => String((Object.hasOwn(one, key) ? one[key] : null) ?? ''))),
      ];
    });
    expect(read).toEqual(expected);
  });
});
