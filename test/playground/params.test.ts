import { describe, expect, it } from 'vitest';
import { parseAsWritten, scalarText } from '../../web/src/json/as-written.ts';
import { readScalar } from '../../web/src/page/read-scalar.ts';

describe('the field of a parameter', () => {
  it.each([
    ['number', '1.5', '1.5'],
    ['number', '-0.25', '-0.25'],
    ['number', '12.50', '12.50'],
    ['number', '1.0', '1.0'],
    ['number', '-0', '-0'],
    ['number', '1e3', '1e3'],
    ['number', '1E+999', '1E+999'],
    ['number', '0.1000000000000000055', '0.1000000000000000055'],
    ['integer', '9007199254740993', '9007199254740993'],
    ['integer', '007', '"007"'],
    ['number', '+1', '"+1"'],
    ['number', '.5', '".5"'],
    ['number', '1.', '"1."'],
    ['number', '1e', '"1e"'],
    ['number', '-', '"-"'],
    ['number', '', '""'],
    ['number', ' 1', '" 1"'],
    ['number', '1\n', '"1\\n"'],
    ['number', 'Infinity', '"Infinity"'],
    ['number', '0x10', '"0x10"'],
    ['boolean', 'true', 'true'],
    ['boolean', 'false', 'false'],
    ['boolean', 'True', '"True"'],
    ['boolean', '1', '"1"'],
    ['string', 'true', '"true"'],
    ['string', '12.50', '"12.50"'],
    [undefined, '1', '"1"'],
  ])('of type %s: "%s" is sent as %s, and shows each sign of it as it is typed', (type, text, sent) => {
    expect(JSON.stringify(readScalar(type, text))).toBe(sent);
    for (let length = 1; length <= text.length; length++) {
      const typed = text.slice(0, length);
      expect(scalarText(readScalar(type, typed))).toBe(typed);
    }
  });

  it.each(['{"price":12.50,"ids":[1e3,-0.0],"flags":[true,false],"name":"7"}', '{"big":9007199254740993}', '{}'])(
    'holds what a link says, as it is written there: %s',
    (text) => {
      expect(JSON.stringify(parseAsWritten(text))).toBe(text);
    },
  );
});
