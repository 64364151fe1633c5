import { serialize } from 'bson';
import { describe, expect, it } from 'vitest';
import type { Cursor } from '../../../adapters/mongo/cursor.ts';
import { mongoError } from '../../../adapters/mongo/failure.ts';
import { Documents } from '../../../adapters/mongo/items.ts';
import { context } from '../source.ts';

const bson = (document: object): Buffer => Buffer.from(serialize(document));
/** The length of its string is more than there is. */
const broken = bson({ text: 'abc' }).fill(0xff, 10, 14);

/**
 * A cursor that gives these batches, the first one read beforehand as the adapter does, and what was made of
 * it.
 */
function documents(...batches: Buffer[][]) {
  const [first, ...rest] = batches;
  const told = { closed: 0 };
  const cursor: Pick<Cursor, 'next' | 'close'> = {
    next: () => Promise.resolve(rest.shift()),
    close: () => Promise.resolve(void (told.closed += 1)),
  };
  const judge = (error: unknown) => mongoError(error, 'shop', new AbortController().signal);
  return { items: new Documents(cursor as Cursor, first, 'plain', context(), judge), told };
}

describe('the documents of a cursor', () => {
  it('come in the batches of the store, but for empty ones, and close it at their end', async () => {
    const { items, told } = documents([bson({ n: 1 }), bson({ n: 2 })], [], [bson({ n: 3 })]);
    const found: string[][] = [];
    for await (const batch of items) found.push([...batch]);
    expect(found).toEqual([['{"n":1}', '{"n":2}'], ['{"n":3}']]);
    expect(told.closed).toBeGreaterThan(0);
  });

  it('are none where the store has none', async () => {
    for (const batches of [[], [[]], [[], []]])
      expect(await documents(...batches).items.next()).toMatchObject({ done: true });
  });

  it('are written one by one: those before one that cannot be read are there', async () => {
    const { items } = documents([bson({ n: 1 }), broken]);
    const { value } = await items.next();
    const written = value?.[Symbol.iterator]();
    expect(written?.next()).toEqual({ done: false, value: '{"n":1}' });
    expect(() => written?.next()).toThrow(expect.objectContaining({ code: 'BAD_RESPONSE', source: 'shop' }));
  });
});
