import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { JsonWriter } from '../../../adapters/mongo/json-writer.ts';

const stringOf = (text: string, out = new JsonWriter(1)) => {
  const bytes = Buffer.from(`<<${text}>>`);
  out.string(bytes, 2, bytes.length - 2);
  return out.toString();
};

describe('JSON that is written as bytes', () => {
  test.each([
    ['ASCII', 'abc xyz ~'],
    ['nothing', ''],
    ['what JSON escapes', '"\\/\b\f\n\r\t'],
    ['controls', String.fromCharCode(...Array.from({ length: 0x20 }, (_, code) => code), 0x7f)],
    ['letters beyond ASCII', 'é, ü, 漢字, 😀'],
    ['an escape after them', 'é"\u0001é\\'],
    ['what other writers escape', '\u2028\u2029</script>'],
    ['a long text that grows', 'x"\u0002é'.repeat(20_000)],
  ])('has strings as JSON.stringify writes them: %s', (_what, text) => {
    expect(stringOf(text)).toBe(JSON.stringify(text));
  });

  it('has any string as JSON.stringify writes it', () => {
    const text = fc.string({ unit: 'binary' }).filter((it) => it.isWellFormed());
    fc.assert(fc.property(text, (it) => stringOf(it) === JSON.stringify(it)));
  });

  test.each([[0xff], [0x61, 0x80], [0xc3], [0x22, 0xed, 0xa0, 0x80], [0xc3, 0xa9, 0xc0, 0x80]])(
    'has no string of what is no UTF-8: %j',
    (...codes) => {
      const bytes = Buffer.from([...codes, 0xa9]);
      expect(() => new JsonWriter(64).string(bytes, 0, codes.length)).toThrow('not UTF-8');
    },
  );

  it('has whole numbers as JavaScript writes them', () => {
    const edges = fc.constantFrom(0, 9, 10, 2 ** 53 - 1, 1 - 2 ** 53, 10 ** 15, 10 ** 15 - 1);
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer(), edges), (number) => {
        const out = new JsonWriter(1);
        out.whole(number);
        return out.toString() === String(number);
      }),
      { numRuns: 2000 },
    );
  });

  it('has dates as toISOString writes them', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (date) => {
        const out = new JsonWriter(1);
        out.date(date.getTime());
        return out.toString() === JSON.stringify(date);
      }),
    );
  });

  it('begins anew, whatever was written before', () => {
    const out = new JsonWriter(1);
    expect(stringOf('é'.repeat(100), out)).toHaveLength(102);
    expect(() => stringOf('x', out.clear())).not.toThrow();
    out.clear().byte(0x5b);
    out.ascii('1,');
    out.hex(Buffer.of(0x0a, 0xff), 0, 2);
    out.string(Buffer.from('é'), 0, 2);
    expect(out.toString()).toBe('[1,0aff"é"');
  });
});
