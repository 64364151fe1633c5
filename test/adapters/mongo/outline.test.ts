import { BSONError, Long, ObjectId, serialize } from 'bson';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atOnce } from '../../../src/budget/work.ts';
import { Outline } from '../../../adapters/mongo/outline.ts';
import { typed } from '../../adapter-suite/mongo-data.ts';

function outlined(...documents: object[]): Outline {
  const outline = new Outline();
  for (const document of documents) atOnce(outline.add(Buffer.from(serialize(document, { ignoreUndefined: false }))));
  return outline;
}
const told = (...documents: object[]) => outlined(...documents).told(1000);
const keyed = (count: number, name: (at: number) => string, value: unknown = 1) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [name(at), value]));

describe('the outline of documents', () => {
  it('has each field by its pointer, with its types, how often it was of each, and in how many documents', () => {
    const documents = [
      { _id: 1, name: 'a', lines: [{ sku: 'x' }, { sku: 7 }, 'odd'] },
      { _id: 2, name: null, lines: [{ sku: 'y', size: { cm: 3 } }] },
      { _id: Long.fromString('3'), 'a/b~c': new ObjectId() },
    ];
    expect(told(...documents)).toEqual({
      '/_id': { documents: 3, types: { int: 2, long: 1 } },
      '/name': { documents: 2, types: { string: 1, null: 1 } },
      '/lines': { documents: 2, types: { array: 2 } },
      '/a~1b~0c': { documents: 1, types: { objectId: 1 } },
      '/lines/*': { documents: 2, types: { object: 3, string: 1 } },
      '/lines/*/sku': { documents: 2, types: { string: 2, int: 1 } },
      '/lines/*/size': { documents: 1, types: { object: 1 } },
      '/lines/*/size/cm': { documents: 1, types: { int: 1 } },
    });
  });

  it('names the types as MongoDB does', () => {
    const found = Object.entries(told(typed)).map(([pointer, { types }]) => [pointer.slice(1), ...Object.keys(types)]);
    expect(found.slice(0, 10)).toEqual([
      ['_id', 'objectId'],
      ['text', 'string'],
      ['dollar', 'string'],
      ['int', 'int'],
      ['double', 'double'],
      ['fraction', 'double'],
      ['long', 'long'],
      ['small', 'long'],
      ['most', 'long'],
      ['decimal', 'decimal'],
    ]);
    expect(found).toContainEqual(['uuid', 'binData']);
    expect(found).toContainEqual(['list/*', 'int', 'string', 'null', 'array']);
  });

  it.each([
    'ada@shop.example',
    '+44 20 79460000',
    '4111111111111111',
    '66f000000000000000000001',
    '0f8fad5b-d9cb-469f-a165-70867728950e',
    'DEADBEEFCAFE',
    'two\nlines',
    '\u202Eevil',
    'x'.repeat(65),
  ])('tells no key that looks like data: %j', (key) => {
    const found = told({ sums: { [key]: { deep: 1 }, total: 2 } });
    expect(Object.keys(found)).toEqual(['/sums', '/sums/total']);
    expect(found['/sums']).toEqual({ documents: 1, types: { object: 1 }, more: true });
    expect(outlined({ [key]: 1 }).more).toBe(true);
  });

  it.each([
    'first name',
    'dc:title',
    'content-type',
    'straße',
    '名前',
    '2026-03-01',
    '__proto__',
    'constructor',
    '*',
    '',
  ])('tells one that looks like a name: %j', (key) => {
    const document = JSON.parse(`{"sums": {${JSON.stringify(key)}: 1}}`) as object;
    expect(Object.keys(told(document))).toHaveLength(2);
    expect(outlined(document).more).toBe(false);
  });

  it('tells none of very many keys in one place', () => {
    const found = told({ prices: keyed(201, (at) => `k${at}`, { eur: 1 }), _id: 1 });
    expect(Object.keys(found)).toEqual(['/prices', '/_id']);
    expect(found['/prices']).toMatchObject({ more: true });
    expect(Object.keys(told({ columns: keyed(200, (at) => `k${at}`) }))).toHaveLength(201);
  });

  it('tells none of many keys that differ from one document to the next', () => {
    const varied = Array.from({ length: 30 }, (_, at) => ({ by: { [`user ${at}`]: 1 }, kind: 'a' }));
    expect(Object.keys(told(...varied))).toEqual(['/by', '/kind']);
    const alike = Array.from({ length: 30 }, (_, at) => ({ by: keyed(15, (key) => `k${(at + key) % 30}`) }));
    expect(Object.keys(told(...alike))).toHaveLength(31);
  });

  it('tells at most so many places, those first that stand higher, and where others are', () => {
    const outline = outlined({ a: { b: { c: 1, d: 2 } }, e: 1 });
    expect(outline.told(3)).toEqual({
      '/a': { documents: 1, types: { object: 1 } },
      '/e': { documents: 1, types: { int: 1 } },
      '/a/b': { documents: 1, types: { object: 1 }, more: true },
    });
    expect([outline.told(1), outline.more]).toMatchObject([{ '/a': { more: true } }, true]);
    expect(outline.told(0)).toEqual({});
  });

  it('looks only so deep', () => {
    const deep = (levels: number): object => (levels === 0 ? {} : { a: deep(levels - 1) });
    const found = told(deep(90));
    expect(Object.keys(found).at(-1)).toBe('/a'.repeat(20));
    expect(Object.values(found).at(-1)).toMatchObject({ more: true });
  });

  it('holds no value of any document, whatever is in it', () => {
    const secret = fc.string({ minLength: 1, maxLength: 5 }).map((text) => `secret ${text}`);
    const { document } = fc.letrec<{ value: unknown; document: object }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        secret,
        secret.map((text) => Buffer.from(text)),
        fc.array(tie('value'), { maxLength: 4 }),
        tie('document'),
      ),
      document: fc.dictionary(fc.constantFrom('a', 'b', 'c/d', '~'), tie('value'), { maxKeys: 4 }),
    }));
    fc.assert(
      fc.property(fc.array(document, { maxLength: 5 }), (documents) => {
        const found = told(...documents);
        expect(JSON.stringify(found)).not.toContain('secret');
        for (const { documents: count } of Object.values(found)) expect(count).toBeLessThanOrEqual(documents.length);
      }),
    );
  });

  it.each([
    ['ends early', (bytes: Buffer) => bytes.subarray(0, -3)],
    ['has a type that there is none of', (bytes: Buffer) => bytes.fill(0x55, 4, 5)],
    [
      'has a list that ends beyond it',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 7), Buffer.from([99]), bytes.subarray(8)]),
    ],
  ])('refuses a document that %s', (_what, broken) => {
    const bytes = broken(Buffer.from(serialize({ a: ['x'], b: 1 })));
    expect(() => atOnce(new Outline().add(bytes))).toThrow(BSONError);
  });
});
