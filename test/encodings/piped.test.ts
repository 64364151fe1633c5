import { describe, expect, it } from 'vitest';
import { piped } from '../../src/encodings/archive/piped.ts';
import type { Sink } from '../../src/encodings/archive/writer.ts';

const piece = (text: string) => Buffer.from(text);
const never = () => false;

describe('what is written to a sink and read piece by piece', () => {
  it('comes in order, each once the one before was taken, and ends with the writing', async () => {
    const written: string[] = [];
    const write = async (sink: Sink) => {
      for (const text of ['a', 'b', 'c']) {
        written.push(text);
        await sink(piece(text));
      }
    };
    const read: string[] = [];
    for await (const bytes of piped(write, never)) {
      read.push(String(bytes));
      expect(written).toEqual(read);
    }
    expect(read).toEqual(['a', 'b', 'c']);
  });

  it('throws what the writing threw, after what was written before', async () => {
    const pieces = piped(async (sink) => {
      await sink(piece('a'));
      throw new Error('broken');
    }, never);
    expect(String((await pieces.next()).value)).toBe('a');
    await expect(pieces.next()).rejects.toThrow('broken');
  });

  it('is refused once the reader has left, and whoever writes is not left waiting', async () => {
    const refused = Promise.withResolvers<unknown>();
    const pieces = piped(async (sink) => {
      await sink(piece('a'));
      try {
        await sink(piece('b'));
      } catch (error) {
        refused.resolve(error);
      }
    }, never);
    await pieces.next();
    await pieces.return();
    expect(await refused.promise).toMatchObject({ code: 'CANCELLED' });
  });

  it('is refused once it is cut, though somebody still reads', async () => {
    let cut = false;
    const pieces = piped(
      async (sink) => {
        await sink(piece('a'));
        await sink(piece('b'));
      },
      () => cut,
    );
    await pieces.next();
    cut = true;
    await expect(pieces.next()).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
