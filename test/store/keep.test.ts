import { Long, ObjectId, serialize } from 'bson';
import { describe, expect, it } from 'vitest';
import { content, plain } from '../../adapters/http/content.ts';
import { documentsValue, documentValue, memberValue } from '../../adapters/mongo/value.ts';
import { atOnce } from '../../src/budget/work.ts';
import { bytesOfText, keep, ownBytes } from '../../src/store/keep.ts';
import { bytesOf, type Value } from '../../src/store/payload.ts';
import { TypedValue } from '../../src/store/typed-value.ts';
import { context } from '../adapters/source.ts';

const { signal, work } = context();
const bson = (document: object) => Buffer.from(serialize(document));
const id = new ObjectId();
const people = [{ _id: id, age: Long.fromNumber(2 ** 40) }, { _id: 2, name: 'é' }, {}];
const large = { list: Array.from({ length: 20_000 }, (_, at) => ({ at })) };
const json = (text: string) =>
  content(Buffer.from(text), 'auto', { contentType: 'application/json' }, { signal, work }) as Value;

const VALUES: Readonly<Record<string, () => Value>> = {
  'JSON as it came': () => json('{"1":[1.0,"é"],"0":123456789012345678901}'),
  'JSON after a byte order mark': () => json('\uFEFF[1]'),
  'no JSON at all': () => json(''),
  text: () => content(Buffer.from('é\n'), 'text', {}, { signal, work }) as Value,
  'text of another charset': () =>
    content(Buffer.from([0xe9]), 'auto', { contentType: 'text/plain; charset=iso-8859-1' }, { signal, work }) as Value,
  'no text': () => content(Buffer.from([1, 2]), 'base64', {}, { signal, work }) as Value,
  'a listing': () => plain({ objects: [{ key: 'a', size: 1, etag: null }], prefixes: [], nextToken: null }),
  'a long listing': () => plain(Array.from({ length: 20_000 }, (_, at) => ({ at }))),
  'no document': () => documentValue(undefined, 'plain'),
  'a document': () => documentValue(bson(people[0]!), 'plain'),
  'a document in Extended JSON': () => documentValue(bson(people[0]!), 'canonical'),
  'no documents': () => atOnce(documentsValue([], 'plain', work)),
  'a list of one': () => atOnce(documentsValue([bson(people[0]!)], 'plain', work)),
  'a list of documents': () => atOnce(documentsValue(people.map(bson), 'plain', work)),
  'a large list': () => atOnce(memberValue(bson(large), 'list', 'plain')),
  'a member': () => atOnce(memberValue(bson({ before: 1, n: Long.fromNumber(2 ** 40) }), 'n', 'plain')),
  'what does not tell': () => new TypedValue({ id }, { status: 200 }),
};

describe.each(Object.entries(VALUES))('%s, kept,', (_name, make) => {
  it('is the same again, as text, as bytes and opened, with another meta', async () => {
    const meta = { ageMs: 5 };
    for (let times = 0; times < 2; times += 1) {
      const [value, again] = [make(), keep(make()).value(meta)];
      expect(again.json).toBe(value.json);
      if (again.bytes) expect(again.bytes.toString()).toBe(value.json);
      expect(again.mode).toBe(value.mode);
      expect(again.meta).toBe(meta);
      expect(again.stored).toEqual(value.stored);
      expect(again.value).toEqual(value.value);
      const other = keep(make()).value(meta);
      if (other.read) expect(await work.do(other.read(work))).toEqual(value.value);
    }
  });

  it('counts no less than its JSON, and holds no more of what it was cut from', () => {
    const kept = keep(make());
    const value = kept.value(undefined);
    for (const bytes of [value.bytes, value.stored])
      if (Buffer.isBuffer(bytes)) expect(bytes.buffer.byteLength).toBe(bytes.length);
    expect(kept.bytes).toBeGreaterThanOrEqual(value.json === 'null' ? 0 : bytesOf(value));
  });
});

it('a value that was opened before it is kept counts for what it may hold', () => {
  const value = documentValue(bson(people[0]!), 'plain');
  expect(value.value).toEqual(people[0]);
  const kept = keep(value);
  expect(kept.bytes).toBeGreaterThan(10 * value.json.length);
  expect(kept.value({ ageMs: 1 }).value).toEqual(people[0]);
});

it('bytes are copied only out of a larger piece', () => {
  const whole = Buffer.allocUnsafeSlow(10);
  expect(ownBytes(whole)).toBe(whole);
  const part = whole.subarray(2, 5);
  expect(ownBytes(part)).toEqual(part);
  expect(ownBytes(part).buffer.byteLength).toBe(3);
});

it.each([
  ['', 0],
  ['abc', 3],
  ['aé', 4],
  ['a€', 4],
])('a text takes at most: %j %i', (text, bytes) => {
  expect(bytesOfText(text)).toBe(bytes);
});
