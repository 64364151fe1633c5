import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Text } from '../../src/json/text.ts';

const written = fc.string({ unit: 'grapheme', maxLength: 40 });
const additions = fc.array(
  fc.oneof(
    fc.record({ text: written, asBytes: fc.boolean() }),
    fc.record({ text: fc.constantFrom('é'.repeat(9000), 'x'.repeat(20_000)), asBytes: fc.boolean() }),
  ),
  { maxLength: 20 },
);

it('is all that was added, in its order, as text and in UTF-8, in whatever form it came', () => {
  fc.assert(
    fc.property(additions, (parts) => {
      const text = new Text();
      for (const part of parts) {
        if (part.asBytes) text.addBytes(Buffer.from(part.text));
        else text.add(part.text);
      }
      const whole = parts.map((part) => part.text).join('');
      expect(text.toString()).toBe(whole);
      expect(text.toBuffer()).toEqual(Buffer.from(whole));
      const pieces = [...text].map((piece) => Buffer.from(piece as string));
      expect(Buffer.concat(pieces)).toEqual(Buffer.from(whole));
    }),
  );
});
