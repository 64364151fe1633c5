import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { locate, placeOf } from '../../web/src/json/locate.ts';
import { encodeSegment, segmentsOf } from '../../web/src/json/pointer.ts';
import { pretty } from '../../web/src/json/pretty.ts';
import { endOf, membersOf } from '../../web/src/json/ranges.ts';
import { traced, untraced } from '../../web/src/json/set-top.ts';

const json = fc.json({ maxDepth: 5 }).map((text) => JSON.stringify(JSON.parse(text), null, 1));

describe('ranges of a JSON text', () => {
  it('end where the value ends', () => {
    fc.assert(
      fc.property(json, (text) => {
        expect(endOf(`${text} ,1`, 0)).toBe(text.length);
      }),
    );
  });

  it('are those of all members, in the order in which they stand', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const text = JSON.stringify(object, null, 2);
        const found = Array.from(membersOf(text, 0), ({ key, from, to }) => [key, JSON.parse(text.slice(from, to))]);
        expect(found).toEqual(Object.entries(JSON.parse(text) as object));
      }),
    );
    const text = '{"2": 1e400, "1": 10000000000000000001, "__proto__": "\\"\\\\"}';
    expect(Array.from(membersOf(text, 0), ({ key, from, to }) => [key, text.slice(from, to)])).toEqual([
      ['2', '1e400'],
      ['1', '10000000000000000001'],
      ['__proto__', '"\\"\\\\"'],
    ]);
  });
});

it('a value with line breaks is that of JSON.stringify, or its beginning', () => {
  fc.assert(
    fc.property(json, fc.nat(200), (text, most) => {
      const whole = JSON.stringify(JSON.parse(text), null, 2);
      expect(pretty(text, 0, Infinity)).toEqual({ text: whole, isCut: false });
      const cut = pretty(text, 0, most);
      expect(whole.startsWith(cut.text)).toBe(true);
      expect(cut.isCut).toBe(whole.length > most);
    }),
  );
});

it('a pointer survives its segments, also as a fragment', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (segments) => {
      const pointer = segments.map((segment) => `/${encodeSegment(segment)}`).join('');
      expect(segmentsOf(pointer)).toEqual(segments);
      expect(segmentsOf(`#${encodeURI(pointer).replaceAll('#', '%23')}`)).toEqual(segments);
    }),
  );
});

describe('a fault', () => {
  const text = '{"queries": {"a/b": {"op": "drop", "list": [1, {"x": 2}]}}';
  it.each([
    ['#/queries/a~1b/op', '"drop"'],
    ['#/queries/a~1b', '"a/b"'],
    ['#/queries/a~1b/list/0', '1'],
    ['#/queries/a~1b/list/1', '{'],
    ['#/queries/a~1b/missing', '"a/b"'],
    ['#', '{'],
  ])('at %s is underlined at %s', (pointer, found) => {
    const { from, to } = locate(text, pointer);
    expect(text.slice(from, to)).toBe(found);
  });

  it('of what is no JSON stands at its line and column', () => {
    expect(placeOf('a\nbc\nd', 2, 2)).toBe(3);
    expect(placeOf('a', 9, 9)).toBe(1);
  });
});

it('a batch is traced, as replies, and otherwise left as it was written', () => {
  const own = '{ "queries": { "n": 1.0, "2": 0, "1": 10000000000000000001 } }';
  expect(traced(own)).toBe(`{"trace":true,${own.slice(1)}`);
  expect(traced('{"shape":"values","trace":false}')).toBe('{"shape":"replies","trace":true}');
  expect(traced('{}')).toBe('{"trace":true}');
  expect(untraced('{"trace": true, "queries": {}}')).toBe('{"trace": false, "queries": {}}');
  expect(untraced(own)).toBe(own);
  expect(traced('[1')).toBe('[1');
});
