import { deserialize, serialize } from 'bson';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startMongo } from '../../../demo/mongo/server.ts';
import { merge } from '../../../src/sources/layers/merge.ts';
import type { Fetch } from '../../../src/store/fetch.ts';
import type { Value } from '../../../src/store/payload.ts';
import { mergingSuite } from '../../adapter-suite/merging.ts';
import { context } from '../source.ts';
import { checked } from './checked.ts';
import { openScripted } from './scripted-source.ts';

describe('merged point reads on the embedded server', () => {
  mergingSuite(async () => {
    const server = await startMongo();
    return { url: `mongodb://127.0.0.1:${server.port}`, close: () => server.close() };
  }, 200);
});

/** Values of which one collation or another takes many for the same. */
const TEXTS = 'ss ß SS o ø Ö Ø a á A ä ae æ i I ı İ ışık IŞIK IŞIk 3 03 ٣ ３ a-b ab co-op coop missing neither';
const VALUES: readonly (string | number)[] = ['', ' ', ...TEXTS.split(' '), 1, 2, 3, 2 ** 31];

type Stored = string | number | readonly (string | number)[];

const values = fc.constantFrom(...VALUES);
const stores = fc.record({
  collation: fc.option(
    fc.record({
      locale: fc.constantFrom('en', 'de', 'tr', 'da'),
      sensitivity: fc.constantFrom('base', 'accent', 'case', 'variant'),
      numeric: fc.boolean(),
      ignorePunctuation: fc.boolean(),
    }),
  ),
  stored: fc.array(fc.oneof(values, fc.array(fc.oneof(values, fc.constant(2 ** 60)), { minLength: 1, maxLength: 3 })), {
    maxLength: 12,
  }),
  asked: fc.array(values, { minLength: 2, maxLength: 12 }),
});

type Equal = (one: string | number, other: string | number) => boolean;

/** Documents of which no two have a value in common, as a unique index sees to. */
function documentsOf(stored: readonly Stored[], equal: Equal): { email: Stored }[] {
  const documents: { email: Stored }[] = [];
  for (const email of stored)
    if (!documents.some((other) => hasAny(other, [email].flat(), equal))) documents.push({ email });
  return documents;
}

function hasAny({ email }: { readonly email: Stored }, values: readonly (string | number)[], equal: Equal): boolean {
  return [email].flat().some((one) => values.some((value) => equal(one, value)));
}

describe('merged point reads of a collection with a collation of its own', () => {
  it('are each answered as they are alone, and those that are not there with one call more', async () => {
    let equal: Equal = Object.is;
    let documents: readonly { email: Stored }[] = [];
    await using opened = await openScripted(
      (_name, bytes) => {
        const { filter, limit } = deserialize(bytes) as { filter: { email: string }; limit?: number };
        const { $in = [filter.email] } = Object(filter.email) as { $in?: readonly string[] };
        return documents
          .filter((document) => hasAny(document, $in, equal))
          .slice(0, limit)
          .map((one) => serialize(one));
      },
      { unique: { c: ['email'] } },
    );
    const { connection, options, store } = opened;
    const merged = merge(connection.merger!).wrap(connection.fetch);
    const answers = async (fetch: Fetch, asked: readonly (string | number)[]) => {
      const before = store.commands.length;
      const found = await Promise.all(
        asked.map(async (email) => {
          const { query: params } = checked('findOne', { collection: 'c', filter: { email } }, options);
          return ((await fetch({ op: 'findOne', params, want: 'value' }, context())) as Value).json;
        }),
      );
      return { found, calls: store.commands.length - before };
    };
    await fc.assert(
      fc.asyncProperty(stores, async ({ collation, stored, asked }) => {
        const collator = collation && new Intl.Collator(collation.locale, collation);
        equal = (one, other) =>
          one === other ||
          (collator !== null &&
            typeof one === 'string' &&
            typeof other === 'string' &&
            collator.compare(one, other) === 0);
        documents = documentsOf(stored, equal);
        const together = await answers(merged, asked);
        expect(together.found).toEqual((await answers(connection.fetch, asked)).found);
        if (!collator) expect(together.calls).toBeLessThanOrEqual(2);
      }),
      { numRuns: 400 },
    );
  });
});
