import { afterEach, describe, expect, it, vi } from 'vitest';
import { content } from '../../../adapters/http/content.ts';
import { Work } from '../../../src/budget/work.ts';
import { slowClock } from '../../budget/slow-clock.ts';

afterEach(() => void vi.restoreAllMocks());

describe('a body that is no JSON', () => {
  it.each([
    ['a short text', 'two\nlines "and" ü☃😀\u0001'],
    ['a long one', 'two\nlines "and" ü☃😀\u0001'.repeat(50_000)],
  ])('is a string of JSON: %s', async (_what, text) => {
    const value = await content(Buffer.from(text), 'text', { contentType: 'text/plain' }, new Work(Infinity));
    expect(value.value === text).toBe(true);
    expect(value.json === JSON.stringify(text)).toBe(true);
    const kept = value.keep?.()?.value(undefined);
    expect(kept?.json === value.json).toBe(true);
    expect(kept?.value === text).toBe(true);
  });

  it.each(['text', 'base64'] as const)('gives others their turn while it is written as JSON, as %s', async (format) => {
    const work = new Work(Infinity);
    const turn = vi.spyOn(work, 'turn');
    await slowClock();
    await content(Buffer.alloc(4_000_000, '\n'), format, { contentType: 'text/plain' }, work);
    expect(turn.mock.calls.length).toBeGreaterThan(10);
  });
});
