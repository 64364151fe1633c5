import { afterEach, describe, expect, it, vi } from 'vitest';
import { content, plain } from '../../../adapters/http/content.ts';
import type { Format } from '../../../adapters/http/format.ts';
import type { Stored } from '../../../src/store/payload.ts';
import { slowClock } from '../../budget/slow-clock.ts';
import { failed } from '../failed.ts';
import { context } from '../source.ts';

afterEach(() => void vi.restoreAllMocks());

describe('a body that is no JSON', () => {
  it.each([
    ['a short text', 'two\nlines "and" ü☃😀\u0001'],
    ['a long one', 'two\nlines "and" ü☃😀\u0001'.repeat(50_000)],
  ])('is a string of JSON: %s', async (_what, text) => {
    const value = await content(Buffer.from(text), 'text', { contentType: 'text/plain' }, context());
    expect(value.value === text).toBe(true);
    expect(value.json === JSON.stringify(text)).toBe(true);
    const kept = value.keep?.()?.value(undefined);
    expect(kept?.json === value.json).toBe(true);
    expect(kept?.value === text).toBe(true);
  });

  it.each(['text', 'base64'] as const)('gives others their turn while it is written as JSON, as %s', async (format) => {
    const bounds = context();
    const turn = vi.spyOn(bounds.work, 'turn');
    await slowClock();
    await content(Buffer.alloc(4_000_000, '\n'), format, { contentType: 'text/plain' }, bounds);
    expect(turn.mock.calls.length).toBeGreaterThan(10);
  });
});

describe('data that an adapter made', () => {
  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['a function', () => 7],
    ['a symbol', Symbol('7')],
  ])('is null where it is %s, which has no JSON', (_what, value) => {
    expect(plain(value).json).toBe('null');
  });
});

describe('a text in UTF-16', () => {
  const LITTLE = Buffer.from('\ufeffaü', 'utf16le');
  const BIG = Buffer.from(LITTLE).swap16();
  it.each<[string, Buffer, unknown]>([
    ['utf-16', LITTLE, 'aü'],
    ['utf-16', BIG, 'aü'],
    ['"UTF-16"', BIG, 'aü'],
    ['ucs-2', BIG, 'aü'],
    ['utf-16', LITTLE.subarray(2), 'aü'],
    ['utf-16be', BIG, 'aü'],
    ['utf-16be', BIG.subarray(2), 'aü'],
    ['utf-16le', LITTLE, 'aü'],
    ['utf-16', BIG.subarray(0, 2), ''],
  ])('named %s is read as its mark says: %j', async (charset, bytes, value) => {
    const meta = { contentType: `text/plain; charset=${charset}` };
    const read = await content(bytes, 'auto', meta, context());
    expect(read).toMatchObject({ value, meta: { encoding: 'text' }, stored: bytes });
  });

  it('has no mark within another: there it is a character', async () => {
    const meta = { status: 206, size: 100, contentType: 'text/plain; charset=utf-16' };
    expect((await content(BIG, 'text', meta, context(), undefined, true)).value).toBe('\ufffe\u6100\ufc00');
  });
});

describe('a part', () => {
  const JSON_TYPE = 'application/json';
  it.each<[string, string, Buffer, string, unknown]>([
    ['of JSON', JSON_TYPE, Buffer.from('{"a":[1,'), 'text', '{"a":[1,'],
    ['of JSON that is JSON by chance', 'application/problem+json', Buffer.from('1'), 'text', '1'],
    ['of JSON, cut in a character', JSON_TYPE, Buffer.from('"ü').subarray(0, 2), 'base64', 'IsM='],
    ['of a text', 'text/plain', Buffer.from('Grü'), 'text', 'Grü'],
    ['of a text, cut in its last character', 'text/plain', Buffer.from('Grü').subarray(0, 3), 'base64', 'R3LD'],
    ['of a text, cut in its first character', 'text/csv', Buffer.from('ü').subarray(1), 'base64', 'vA=='],
    ['of Latin-1', 'text/plain; charset=iso-8859-1', Buffer.of(0xfc), 'text', 'ü'],
    ['of UTF-16', 'text/plain; charset=utf-16le', Buffer.from('ab', 'utf16le').subarray(1, 3), 'base64', 'AGI='],
    ['of Shift_JIS', 'text/plain; charset=shift_jis', Buffer.of(0x41), 'base64', 'QQ=='],
    ['of what is neither', 'image/png', Buffer.of(1, 2), 'base64', 'AQI='],
  ])('%s is what it can be, and meta tells', async (_what, contentType, bytes, encoding, value) => {
    const meta = { status: 206, size: 100, contentType };
    const part = await content(bytes, 'part', meta, context());
    expect(part).toMatchObject({ value, meta: { encoding, size: 100 } });
  });

  const MARKED = Buffer.from('\ufeffa');
  it.each<[Format, string, Buffer, boolean, unknown, Stored]>([
    ['part', 'text/plain', MARKED, false, 'a', 'marked text'],
    ['part', 'text/plain', MARKED, true, '\ufeffa', 'text'],
    ['text', 'text/plain', MARKED, true, '\ufeffa', 'text'],
    ['part', JSON_TYPE, MARKED, true, '\ufeffa', 'text'],
    ['text', 'text/plain; charset=utf-16le', Buffer.from('\ufeffa', 'utf16le'), true, '\ufeffa', expect.any(Buffer)],
  ])(
    'loses a mark only where it begins a body: as %s of %s',
    async (format, contentType, bytes, within, value, stored) => {
      const meta = { status: 206, size: 100, contentType };
      const part = await content(bytes, format, meta, context(), undefined, within);
      expect(part.value).toBe(value);
      expect(part.stored).toEqual(stored);
    },
  );

  it('that begins within JSON with a mark is none', async () => {
    const read = async () => content(Buffer.from('\ufeff1'), 'json', { status: 206 }, context(), undefined, true);
    expect(await failed(read())).toMatchObject({ code: 'BAD_RESPONSE' });
  });
});
