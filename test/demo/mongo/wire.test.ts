import { deserialize, serialize } from 'bson';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { framer } from '../../../demo/mongo/wire.ts';

/** An OP_MSG with a command and a section of documents beside it. */
function message(id: number, documents: readonly object[]): Buffer {
  const list = Buffer.concat([
    Buffer.alloc(4),
    Buffer.from('documents\0'),
    ...documents.map((document) => serialize(document)),
  ]);
  list.writeInt32LE(list.length);
  const command = serialize({ insert: 'c', id });
  const bytes = Buffer.concat([Buffer.alloc(20), Buffer.of(0), command, Buffer.of(1), list]);
  bytes.writeInt32LE(bytes.length);
  bytes.writeInt32LE(id, 4);
  bytes.writeInt32LE(2013, 12);
  return bytes;
}

test('messages are the same however the network cuts them', () => {
  const property = fc.property(
    fc.array(fc.nat({ max: 3 }), { maxLength: 4 }),
    fc.array(fc.integer({ min: 1, max: 90 })),
    (sizes, cuts) => {
      const stream = Buffer.concat(
        sizes.map((size, id) =>
          message(
            id,
            Array.from({ length: size }, (_, n) => ({ n })),
          ),
        ),
      );
      const read = framer();
      let at = 0;
      const messages = [...cuts, stream.length].flatMap((size) => read(stream.subarray(at, (at += size))));
      expect(messages.map(({ id, body }) => [id, deserialize(body)])).toEqual(
        sizes.map((_, id) => [id, { insert: 'c', id }]),
      );
      const documents = messages.map(({ sections }) =>
        sections.get('documents')?.map((bytes) => deserialize(bytes).n as number),
      );
      expect(documents).toEqual(sizes.map((size) => Array.from({ length: size }, (_, n) => n)));
    },
  );
  fc.assert(property);
});

test.each([
  ['is too short', 0, 4],
  ['is too long', 0, 50_000_000],
  ['has an unknown opcode', 12, 2012],
  ['has a section beyond its end', 21, 9999],
  ['has a section of no length', 21, 0],
])('a message that %s is refused', (_, offset, value) => {
  const bytes = message(1, []);
  bytes.writeInt32LE(value, offset);
  expect(() => framer()(bytes)).toThrow(RangeError);
});

test('a section whose document claims no length is refused', () => {
  const bytes = message(1, [{ n: 1 }]);
  bytes.writeInt32LE(0, bytes.length - serialize({ n: 1 }).length);
  expect(() => framer()(bytes)).toThrow(RangeError);
});
