import { describe, expect, it } from 'vitest';
import { scan } from '../../src/json/scan.ts';

describe('a body of 1 MB', () => {
  const size = 2 ** 20;
  const fill = (open: string, close: string, make: (index: number) => string) => {
    const parts: string[] = [];
    for (let left = size - 64; left > 0; left -= (parts.at(-1) as string).length + 1) parts.push(make(parts.length));
    return Buffer.from(open + parts.join(',') + close);
  };

  it.each([
    ['many small keys', fill('{', '}', (index) => `"key${index}":${index}`)],
    ['many small objects', fill('[', ']', (index) => `{"id":${index},"name":"user","ok":true}`)],
    ['one long string', Buffer.from(JSON.stringify('x'.repeat(size - 2)))],
    ['many escapes', Buffer.from(`"${'\\u0416\\n'.repeat(size / 8 - 1)}"`)],
    ['deep lists', fill('[', ']', () => '['.repeat(30) + ']'.repeat(30))],
    ['many numbers', fill('[', ']', (index) => `${index / 8},1e100`)],
  ])('of %s takes less than 20 ms', (_name, body) => {
    // The processor's time, not the clock's, and the fastest of some runs: the limit is the scan's, not that
    // of a busy machine.
    const times = Array.from({ length: 15 }, () => {
      const start = process.threadCpuUsage();
      expect(scan(body, { depth: 32 }).faults).toEqual([]);
      const { user, system } = process.threadCpuUsage(start);
      return (user + system) / 1000;
    });
    expect(body.length).toBeGreaterThan(size * 0.95);
    expect(Math.min(...times)).toBeLessThan(20);
  });
});
