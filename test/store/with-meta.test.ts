import { serialize } from 'bson';
import { expect, it, vi } from 'vitest';
import { content, plain } from '../../adapters/http/content.ts';
import { documentValue } from '../../adapters/mongo/value.ts';
import { atOnce, Work } from '../../src/budget/work.ts';
import type { Value } from '../../src/store/payload.ts';
import { TypedValue } from '../../src/store/typed-value.ts';
import { withMeta } from '../../src/store/with-meta.ts';
import { context } from '../adapters/source.ts';

const META = { status: 200, etag: '"2"' };
const DATA = { a: [1, 'x'] };
const TEXT = JSON.stringify(DATA);

it.each<[string, () => Value | Promise<Value>]>([
  ['plain data', () => plain(DATA, { size: 3 })],
  ['data that is not written yet', () => new TypedValue(DATA, undefined, 'canonical')],
  ['a body whose bytes are others', () => content(Buffer.from(`\uFEFF${TEXT}`), 'json', {}, context())],
  ['a text that is not opened yet', () => content(Buffer.from(TEXT), 'json', { status: 304 }, context())],
  ['a document that is not read yet', () => documentValue(Buffer.from(serialize(DATA)), 'relaxed')],
])('is the same value but for what is said of it: %s', async (_what, make) => {
  const value = await make();
  const told = withMeta(value, META);
  expect(told.meta).toBe(META);
  expect(told.json).toBe(value.json);
  expect(told.bytes).toBe(value.bytes);
  expect(told.value).toEqual(DATA);
  expect(told.mode).toBe(value.mode);
  expect(told.members).toBe(value.members);
  expect(told.stored).toBe(value.stored);
  expect(told.kind).toBe('value');
  expect(told.read === undefined).toBe(value.read === undefined);
  if (told.read) expect(atOnce(told.read(new Work(Infinity)))).toEqual(DATA);
  expect(value.meta).not.toBe(META);
});

it('opens and writes nothing before somebody looks', () => {
  const json = vi.fn(() => TEXT);
  const value = vi.fn(() => DATA);
  const lazy: Value = Object.defineProperties({ kind: 'value' } as Value, {
    json: { get: json },
    value: { get: value },
  });
  const told = withMeta(withMeta(lazy, {}), META);
  expect([json.mock.calls.length, value.mock.calls.length]).toEqual([0, 0]);
  expect(told.json).toBe(TEXT);
  expect(value).not.toHaveBeenCalled();
  expect(told.value).toBe(DATA);
});
