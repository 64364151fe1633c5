import { afterEach, describe, expect, it, vi } from 'vitest';

afterEach(() => vi.restoreAllMocks());

describe('examples/fibonacci.ts', () => {
  it('computes the same numbers with all three patterns', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    await import('../../examples/fibonacci.ts');
    const lines = log.mock.calls.map((words) => words.map(String).join(' '));
    expect(lines.filter((line) => line.startsWith('KV'))).toEqual([
      'KV: fibonacci(70) is 190392490709135 and fibonacci(40) 102334155',
    ]);
    expect(lines.filter((line) => line.startsWith('Ordered'))).toEqual([
      'Ordered: 55',
      'Ordered: 13',
      'Ordered: 144',
      'Ordered: 2',
      'Ordered: 0',
      'Ordered, the second and third: 13,144',
    ]);
    const replies = lines.filter((line) => line.startsWith('FirstReply'));
    expect(replies.toSorted()).toEqual(
      ['0) is 0', '10) is 55', '12) is 144', '13) is 233', '3) is 2', '7) is 13'].map(
        (end) => `FirstReply: fibonacci(${end}`,
      ),
    );
  });
});
