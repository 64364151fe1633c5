import { Long, ObjectId } from 'bson';

/** How many documents the collection has. */
export const DOCUMENTS = 1000;

/** A document of about 300 bytes, with the types that most collections have. */
export function documentOf(at: number) {
  return {
    _id: idOf(at),
    sku: `SKU-${String(at).padStart(6, '0')}`,
    name: `Analytical engine, part ${at}`,
    price: 12.25 + at,
    stock: at * 7,
    active: at % 2 === 0,
    tags: ['brass', 'hand-made'],
    owner: { name: 'Ada Lovelace', city: 'London' },
    views: Long.fromNumber(2 ** 33 + at),
    createdAt: new Date(1_700_000_000_000 + at * 61_001),
    note: 'the first "engine" of its kind',
  };
}

/** Its `_id`. */
export function idOf(at: number): ObjectId {
  return new ObjectId((0x65000000 + at).toString(16) + 'a1b2c3d4e5f60718');
}
