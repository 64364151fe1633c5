import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFolderName } from '../../src/encodings/archive/folder.ts';
import { EntryNames, INCOMPLETE } from '../../src/encodings/archive/names.ts';
import { safeParts } from '../../src/store/safe-name.ts';
import { processorMs } from '../processor-time.ts';

/** Names made of what makes names dangerous. */
const piece = fc.constantFrom(
  '..',
  '.',
  '/',
  '\\',
  'C:',
  'con',
  'NUL.txt',
  'aux .x',
  'a',
  'A',
  'a (2)',
  'ﬁ',
  'fi',
  'é',
  'e\u0301',
  'ß',
  'SS',
  '\0',
  '\n',
  '\u202e',
  '\u200b',
  '\ud800',
  ' ',
  '.txt',
  '<',
  '😀',
  'x'.repeat(250),
  'ü'.repeat(150),
  INCOMPLETE,
);
const wanted = fc.oneof(
  fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', maxLength: 60 }),
);
const fold = (name: string): string => name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
const parentOf = (name: string): string => name.split('/').slice(0, -1).join('/');
const claimed = (...names: string[]): string[] => {
  const all = new EntryNames();
  return names.map((name) => all.claim(name));
};
/** What is wanted by a name: an empty one is a folder if the name is that of one. */
const entry = fc.record({
  name: fc.oneof(
    wanted,
    wanted.map((name) => `${name}/`),
  ),
  empty: fc.boolean(),
});
/** The names of entries, those of folders with a slash behind; undefined where a folder is there already. */
const entered = (entries: readonly { name: string; empty: boolean }[]): (string | undefined)[] => {
  const all = new EntryNames();
  return entries.map(({ name, empty }) => (empty && isFolderName(name) ? all.claimFolder(name) : all.claim(name)));
};
/** The folders that what is wanted by a name is to be in; itself, where it is a folder. */
const foldersOf = (name: string): string =>
  safeParts(isFolderName(name) ? `${name}_` : name)
    .slice(0, -1)
    .join('/');

describe('a name in an archive', () => {
  it('never leaves the folder it is unpacked in, and is allowed everywhere', () => {
    fc.assert(
      fc.property(wanted, (name) => {
        const [safe, other, below] = claimed(name, name, `${name}/a`) as [string, string, string];
        expect(safe.isWellFormed()).toBe(true);
        for (const whole of [safe, other, below]) expect(Buffer.byteLength(whole)).toBeLessThanOrEqual(1000);
        for (const part of [safe, other, below].flatMap((it) => it.split('/'))) {
          expect(part).not.toMatch(/^$|^\.\.?$|[. ]$|^ /);
          expect(part).not.toMatch(/[\p{Cc}\p{Cf}\\:<>"|?*]/u);
          expect(part).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d) *(\.|$)/i);
          expect(Buffer.byteLength(part)).toBeLessThanOrEqual(200);
        }
      }),
    );
  });

  it('is unique, whatever a file system folds together, and no file is where a folder is', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 30 }), (entries) => {
        const folded = entered(entries).flatMap((name) => (name === undefined ? [] : [fold(name)]));
        expect(new Set([...folded, fold(INCOMPLETE)]).size).toBe(folded.length + 1);
        for (const one of folded)
          expect(folded.filter((other) => other.startsWith(`${one}/`) && one !== other)).toEqual([]);
      }),
    );
  });

  it('of a folder is there once, whatever else is in it and in whatever order that comes', () => {
    const inside = fc.constantFrom('a/', 'a/x', 'a/b/', 'a/b/x', 'a/b/c/', 'a/b/y');
    fc.assert(
      fc.property(fc.array(fc.record({ name: inside, empty: fc.boolean() }), { maxLength: 30 }), (entries) => {
        const names = entered(entries).filter((name) => name !== undefined);
        expect(new Set(names).size).toBe(names.length);
        const markers = entries.filter(({ name, empty }) => empty && isFolderName(name)).map(({ name }) => name);
        expect(new Set(names.filter((name) => name.endsWith('/')))).toEqual(new Set(markers));
        // No folder is called otherwise.
        for (const name of names) expect(name).toMatch(/^a\/(?:b\/(?:c\/)?)?(?:[xy_](?: \(\d+\))?)?$/);
      }),
    );
  });

  it('is in one folder with all others that want to be in the same', () => {
    const near = fc.constantFrom(
      'a',
      'A',
      'a/x',
      'a/y',
      'A/x',
      'a/b',
      'a/b/x',
      'a/b/y',
      'a (2)',
      'a (2)/x',
      'a (3)',
      'b',
      'a/',
      'A/b/',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(near, wanted), { maxLength: 30 }), (names) => {
        const folders = new Map<string, string>();
        for (const [at, given] of claimed(...names).entries()) {
          const folder = foldersOf(names[at]!);
          const known = folders.get(folder) ?? fold(parentOf(given));
          expect(fold(parentOf(given))).toBe(known);
          folders.set(folder, known);
        }
      }),
    );
  });

  it.each<[string, [name: string, empty: boolean][], (string | undefined)[]]>([
    [
      'before what is in it',
      [
        ['r/', true],
        ['r/x', false],
      ],
      ['r/', 'r/x'],
    ],
    [
      'behind what is in it',
      [
        ['r/x', false],
        ['r/', true],
      ],
      ['r/x', 'r/'],
    ],
    [
      'twice',
      [
        ['r/', true],
        ['R/', true],
        ['r\\\\', true],
      ],
      ['r/', undefined, undefined],
    ],
    [
      'in another',
      [
        ['r/s/', true],
        ['r/', true],
      ],
      ['r/s/', 'r/'],
    ],
    [
      'with a body',
      [
        ['r/', false],
        ['r/x', false],
        ['r/', false],
      ],
      ['r/_', 'r/x', 'r/_ (2)'],
    ],
    [
      'where a file is',
      [
        ['r', false],
        ['r/', true],
        ['r/x', false],
      ],
      ['r', 'r (2)/', 'r (2)/x'],
    ],
    [
      'where a file is to be',
      [
        ['r/', true],
        ['r', false],
      ],
      ['r/', 'r (2)'],
    ],
    [
      'without a name',
      [
        ['/', true],
        ['../', true],
      ],
      ['_/', undefined],
    ],
    ['by the reserved name', [[`${INCOMPLETE}/`, true]], ['_INCOMPLETE (2).json/']],
  ])('of a folder, %s', (_what, wanted, names) => {
    expect(entered(wanted.map(([name, empty]) => ({ name, empty })))).toEqual(names);
  });

  it('stays as it is where it is safe', () => {
    expect(claimed('photos/2026/Grüße 😀.jpg', '.hidden', 'a.tar.gz')).toEqual([
      'photos/2026/Grüße 😀.jpg',
      '.hidden',
      'a.tar.gz',
    ]);
  });

  it('loses its root, its drive and its way up', () => {
    expect(claimed('/etc/passwd', 'C:\\Windows\\x.dll', '../../up.txt', '..')).toEqual([
      'etc/passwd',
      'Windows/x.dll',
      'up.txt',
      '_',
    ]);
  });

  it('is numbered where another has it, folders too', () => {
    expect(claimed('a.txt', 'A.txt', 'a.txt')).toEqual(['a.txt', 'A (2).txt', 'a (3).txt']);
    expect(claimed('a', 'a/b/c', 'a/b/d')).toEqual(['a', 'a (2)/b/c', 'a (2)/b/d']);
    expect(claimed('a/b', 'a')).toEqual(['a/b', 'a (2)']);
    expect(claimed('a', 'a', 'a/x', 'a', 'A/y')).toEqual(['a', 'a (2)', 'a (3)/x', 'a (4)', 'a (3)/y']);
    expect(claimed('A/x', 'a/x', 'a')).toEqual(['A/x', 'a/x (2)', 'a (2)']);
    expect(claimed(INCOMPLETE.toLowerCase())).toEqual(['_incomplete (2).json']);
  });

  it.each([
    ['x'.repeat(300), `${'x'.repeat(188)} (2)`],
    [`${'x'.repeat(300)}.txt`, `${'x'.repeat(184)} (2).txt`],
    ['ü'.repeat(100), `${'ü'.repeat(94)} (2)`],
    [`con.${'x'.repeat(300)}`, `_con (2).${'x'.repeat(183)}`],
  ])('has no more bytes with its number than without: %s', (long, second) => {
    const [first = '', ...more] = claimed(long, long, `${long}/a`);
    expect(more).toEqual([second, `${second.replace('(2)', '(3)')}/a`]);
    expect(Buffer.byteLength(first)).toBeLessThanOrEqual(200);
  });

  it.each([
    ['of long parts', `${'x'.repeat(198)}/`.repeat(4) + 'x'.repeat(199), 4],
    ['of many', 'ü/'.repeat(30) + 'x'.repeat(199), 31],
    ['of many that are not short', `${'x'.repeat(29)}/`.repeat(31) + 'x'.repeat(69), 22],
  ])('of at most 1000 bytes has no more with numbers for its folders and itself: %s', (_, whole, parts) => {
    const [first = ''] = claimed(whole);
    expect(first.split('/')).toHaveLength(parts);
    const folders = first.split('/').map((_, at, all) => all.slice(0, at + 1).join('/'));
    const names = new EntryNames();
    for (const folder of folders) names.claim(folder);
    const numbered = names.claim(whole);
    expect(numbered.match(/ \(2\)/g)).toHaveLength(parts);
    expect(Buffer.byteLength(numbered)).toBeLessThanOrEqual(1000);
  });

  it('keeps the last of too many folders', () => {
    const [name] = claimed(`${'a/'.repeat(500)}b.txt`);
    expect(name).toBe(`${'a/'.repeat(31)}b.txt`);
  });

  it.each([
    ['of 500 parts', (index: number) => `${'a/'.repeat(500)}${index}`],
    ['of 500 parts, each another', (index: number) => `${`${index}/`.repeat(500)}${index}`],
    ['of long parts', (index: number) => `${`${'ü'.repeat(90)}/`.repeat(5)}${index}`],
    ['of dots', (index: number) => `${'.'.repeat(250)}${index}`],
  ])('%s costs little: 2,000 are claimed within half a second', (_, make) => {
    const wanted = Array.from({ length: 2000 }, (_, index) => make(index));
    const began = processorMs();
    claimed(...wanted);
    expect(processorMs() - began).toBeLessThan(500);
  });

  it.each([
    ['the same', () => 'x.txt'],
    ['those that are the same once they have their numbers', (at: number) => 'x'.repeat(190) + (at >> 1)],
  ])('is found quickly among 70,000 of %s', (_, nameOf) => {
    const names = new EntryNames();
    const all = new Set(Array.from({ length: 70_000 }, (_, at) => names.claim(nameOf(at))));
    expect(all.size).toBe(70_000);
  });
});
