import { describe, expect, it } from 'vitest';
import { attachment } from '../src/store/attachment.ts';
import { safeName, safeParts } from '../src/store/safe-name.ts';

describe('a file name', () => {
  it.each([
    ['report.zip', 'report.zip'],
    ['Bücher 😀.zip', 'Bücher 😀.zip'],
    ['../../etc/passwd', 'passwd'],
    ['..\\..\\boot.ini', 'boot.ini'],
    ['/etc/passwd', 'passwd'],
    ['C:\\x.txt', 'x.txt'],
    ['..', '_'],
    ['a/', 'a'],
    ['', '_'],
    ['a\u202egpj.exe', 'a_gpj.exe'],
    ['a\u2066b\u2069\u200e\u200f\u202a.txt', 'a_b____.txt'],
    ['a\r\nb\0\u0085', 'a__b__'],
    ['a"b<c>|d?*:e', 'a_b_c__d___e'],
    ['con', '_con'],
    ['LPT1.txt', '_LPT1.txt'],
    ['a. . .', 'a'],
    ['  a', 'a'],
    ['\ud800', '_'],
    [`${'x'.repeat(300)}.txt`, `${'x'.repeat(196)}.txt`],
    [`${'x'.repeat(3000)}.txt`, `${'x'.repeat(196)}.txt`],
    [`con.${'x'.repeat(300)}`, `_con.${'x'.repeat(195)}`],
  ])('%j becomes %j', (wanted, safe) => {
    expect(safeName(wanted)).toBe(safe);
  });

  it('has as many folders, the last ones, as 1,000 bytes hold with a number for each', () => {
    const long = (number: number): string => `${number}`.padEnd(200, 'x');
    const folders = Array.from({ length: 40 }, (_, number) => long(number));
    const parts = safeParts(folders.join('/'));
    expect(parts).toEqual(folders.slice(-4));
    expect(Buffer.byteLength(parts.join('/'))).toBe(803);
  });

  it('is sent as an attachment (RFC 6266), in two forms where ASCII does not hold it', () => {
    expect(attachment()).toBe('attachment');
    expect(attachment('../a.zip')).toBe('attachment; filename=a.zip');
    expect(attachment('ü\u202e.zip')).toBe(`attachment; filename="?_.zip"; filename*=UTF-8''%C3%BC_.zip`);
  });

  it.each([
    ['folders', 'a/'.repeat(32_000)],
    ['dots', `${'.'.repeat(64_000)}x`],
    ['dots in the middle', `a${'. '.repeat(32_000)}x`],
    ['spaces', `${' '.repeat(64_000)}x`],
    ['one long part', '\u0958'.repeat(64_000)],
    ['slashes', '/\\'.repeat(32_000)],
  ])('of 64,000 characters, %s, is made safe within 20 ms', (_, wanted) => {
    const times = Array.from({ length: 5 }, () => {
      const began = performance.now();
      safeParts(wanted);
      return performance.now() - began;
    });
    expect(Math.min(...times)).toBeLessThan(20);
  });
});
