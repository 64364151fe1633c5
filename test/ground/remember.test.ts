import { expect, test, vi } from 'vitest';
import { remembering } from '../../src/ground/remember.ts';

test('what is made of a text is made once, while few others come between', () => {
  const make = vi.fn((text: string) => ({ text }));
  const remembered = remembering(make);
  expect(remembered('a')).toBe(remembered('a'));
  expect(make).toHaveBeenCalledTimes(1);
});

test('what comes to nothing is remembered, too', () => {
  const make = vi.fn(() => undefined);
  const remembered = remembering(make);
  remembered('a');
  remembered('a');
  expect(make).toHaveBeenCalledTimes(1);
});

test('very many texts, and very long ones, are not kept', () => {
  const make = vi.fn((text: string) => text.length);
  const remembered = remembering(make);
  for (let round = 0; round < 2; round += 1) for (let at = 0; at < 257; at += 1) remembered(String(at));
  expect(make.mock.calls.length).toBeGreaterThan(257);
  make.mockClear();
  const long = 'x'.repeat(1025);
  expect([remembered(long), remembered(long)]).toEqual([1025, 1025]);
  expect(make).toHaveBeenCalledTimes(2);
});
