import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atOnce } from '../../src/budget/work.ts';
import { cutJson, type Shortened } from '../../src/json/cut-json.ts';
import { processorMs } from '../processor-time.ts';

const cut = (json: string, most: number) => atOnce(cutJson([json], most, Infinity));

const containers = fc.jsonValue({ maxDepth: 5 }).filter((value) => typeof value === 'object' && value !== null);

/** What a cut value should be told to lack, and whether it is the beginning of the whole one. */
function compare(whole: unknown, part: unknown, path: (string | number)[] = []): Shortened[] {
  if (typeof whole !== 'object' || whole === null) {
    expect(part).toEqual(whole);
    return [];
  }
  const [wholes, parts] = [Object.entries(whole), Object.entries(part as object)];
  expect(Array.isArray(part)).toBe(Array.isArray(whole));
  expect(parts.map(([key]) => key)).toEqual(wholes.slice(0, parts.length).map(([key]) => key));
  for (const [at, [, value]] of parts.slice(0, -1).entries()) expect(value).toEqual(wholes[at]?.[1]);
  const missing = wholes.length - parts.length;
  const last = parts.length - 1;
  const step = Array.isArray(whole) ? last : (parts[last]?.[0] ?? '');
  return [
    ...(missing > 0 ? [{ path, shown: parts.length, missing }] : []),
    ...(parts.length > 0 ? compare(wholes[last]?.[1], parts[last]?.[1], [...path, step]) : []),
  ];
}

describe('JSON that is cut', () => {
  it('is the beginning of the whole, within the bytes it may have, and what is missing is counted', () => {
    fc.assert(
      fc.property(containers, fc.nat({ max: 200 }), fc.boolean(), (value, most, isSpaced) => {
        const written = JSON.stringify(value, null, isSpaced ? 2 : 0);
        // As some write what is empty.
        const json = isSpaced ? written.replaceAll('{}', '{      }').replaceAll('[]', '[      ]') : written;
        fc.pre(most >= 2 && Buffer.byteLength(json) > most);
        const { text, shortened, isCounted } = cut(json, most);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(Math.max(most, 4));
        expect(isCounted).toBe(true);
        expect(shortened).toEqual(compare(JSON.parse(json), JSON.parse(text)));
      }),
    );
  });

  it.each([
    ['of a list the first members', '[{"a":1},{"a":2},{"a":3}]', 20, '[{"a":1},{"a":2}]', [[[], 2, 1]]],
    ['never half of a member of a list', '[1,[2,3,4,5,6,7,8]]', 12, '[1]', [[[], 1, 1]]],
    [
      'of an object also what fits of the next value',
      '{"a":1,"b":[1,2,3,4],"c":2}',
      18,
      '{"a":1,"b":[1,2]}',
      [
        [[], 2, 1],
        [['b'], 2, 2],
      ],
    ],
    ['the beginning of the only member', '[{"a":1,"b":"0123456789"}]', 16, '[{"a":1}]', [[[0], 1, 1]]],
    ['nothing of a text', '"0123456789"', 6, 'null', []],
    [
      'brackets, commas and quotes in texts count for nothing',
      '["],\\"}",{"}":"]"},1]',
      18,
      '["],\\"}"]',
      [[[], 1, 2]],
    ],
    ['all of it, if only blanks are too much', '[1]      ', 5, '[1]', []],
    [
      'an object without members, whatever its blanks',
      '{"a":1,"m":{        },"z":[1]}',
      16,
      '{"a":1,"m":{}}',
      [[[], 2, 1]],
    ],
    [
      'a list without members, whatever its blanks',
      '{"a":1,"m":[        ],"z":[1]}',
      16,
      '{"a":1,"m":[]}',
      [[[], 2, 1]],
    ],
  ] as const)('is %s', (_what, json, most, text, shortened) => {
    expect(cut(json, most)).toEqual({
      text,
      shortened: shortened.map(([path, shown, missing]) => ({ path, shown, missing })),
      isCounted: true,
    });
  });

  it('is cut out of pieces, of texts and of bytes, as out of the whole', () => {
    const json = JSON.stringify({ ä: 'ö"\\,', list: [1, '😀', { b: [] }], c: 'x'.repeat(40) });
    const bytes = Buffer.from(json);
    for (let at = 0; at <= bytes.length; at += 1) {
      const pieces = [bytes.subarray(0, at), bytes.subarray(at)];
      expect(atOnce(cutJson(pieces, 40, Infinity))).toEqual(cut(json, 40));
    }
  });

  it('holds nobody up for long, and stops to count when its time is over', () => {
    const large = Buffer.from(`[${'{"name":"a name of some length","n":12345},'.repeat(700_000)}0]`);
    const steps = cutJson([large], 65_536, Infinity);
    let longest = 0;
    for (let done: boolean | undefined = false; !done;) {
      const began = processorMs();
      ({ done } = steps.next());
      longest = Math.max(longest, processorMs() - began);
    }
    expect(longest).toBeLessThan(50);
    const { isCounted, shortened } = atOnce(cutJson([large], 65_536, performance.now()));
    expect(isCounted).toBe(false);
    expect(shortened[0]?.missing).toBeGreaterThan(0);
    expect(shortened[0]?.missing).toBeLessThan(690_000);
  });
});
