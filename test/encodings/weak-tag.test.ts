import { Hash } from 'node:crypto';
import { afterEach, expect, it, vi } from 'vitest';
import { Work } from '../../src/budget/work.ts';
import { weakTag } from '../../src/encodings/weak-tag.ts';
import type { Member, MemberList } from '../../src/batch/run/reply.ts';
import { Text } from '../../src/json/text.ts';

const work = new Work(Infinity);
const past = performance.now() - 1;
afterEach(() => {
  vi.restoreAllMocks();
});

const text = (length: number) => new Text().add('x'.repeat(length));

it.each([
  ['a short text is tagged, however late it is', text(1000), past, true],
  ['a long one in time', text(10_000_000), Infinity, true],
  ['a long one too late is not', text(10_000_000), past, false],
  [
    'nor is one in many pieces',
    Array.from({ length: 2000 }, () => 'y'.repeat(100)).reduce(add, new Text()),
    past,
    false,
  ],
])('%s', async (_, content, until, isTagged) => {
  const update = vi.spyOn(Hash.prototype, 'update');
  const tag = await weakTag('text/html', content, work, until);
  expect(tag !== undefined).toBe(isTagged);
  const hashed = update.mock.calls.reduce((sum, [piece]) => sum + piece.length, 0);
  expect(hashed >= content.length).toBe(isTagged);
});

function add(whole: Text, piece: string): Text {
  return whole.add(piece);
}

const page = (text: string) => new Text().add(text);
const listOf = (as: string, json: string, step = 0): MemberList => {
  const reply = { status: 'ok', value: { kind: 'value', json, value: undefined } };
  const member = { path: [step], as, hidden: false, reply } as unknown as Member;
  return { keyed: false, members: [member], cancelled: 0, taken: false };
};

it.each<[string, MemberList | Text, MemberList | Text]>([
  ...[65_534, 65_535, 65_536, 131_071].map((length): [string, Text, Text] => [
    `a character of a page behind ${length} others`,
    page(`${'x'.repeat(length)}\u{1f600}`),
    page(`${'x'.repeat(length)}\u{1f601}`),
  ]),
  [
    'a character of a value behind 65,535 others',
    listOf('', `"${'x'.repeat(65_534)}\u{1f600}"`),
    listOf('', `"${'x'.repeat(65_534)}\u{1f601}"`),
  ],
  ['half of a surrogate pair in a name', listOf('\ud800', '1'), listOf('\ud801', '1')],
  ['where a name ends', listOf('a', '1', 1), listOf(' 1 a', '1', 1)],
])('the tags of two answers differ where they differ in this: %s', async (_what, one, other) => {
  const [a, b] = await Promise.all([one, other].map((content) => weakTag('text/html', content, work, Infinity)));
  expect(a).not.toBe(b);
});
