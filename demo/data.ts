import { Decimal128, type Document, Long, ObjectId } from 'bson';

/** The `_id` of the user who has ordered most. */
export const ADA = '66f000000000000000000001';
/** The `_id` of Ada's latest order. */
export const ADAS_ORDER = '66f0000000000000000a0001';

/** A product as the catalog tells of it. */
export interface Product {
  sku: string;
  title: string;
  category: 'novel' | 'poetry' | 'science' | 'travel';
  cents: number;
  /** How many are in stock. */
  stock: number;
  /** Of its cover: red, green and blue, 0–255. */
  colour: readonly [number, number, number];
}

/** What the shop sells. */
export const PRODUCTS: readonly Product[] = [
  { sku: 'B-101', title: 'The Patient Engine', category: 'science', cents: 2490, stock: 12, colour: [38, 70, 83] },
  { sku: 'B-102', title: 'Salt and Semaphores', category: 'novel', cents: 1390, stock: 3, colour: [42, 157, 143] },
  { sku: 'B-103', title: 'Nine Bridges', category: 'travel', cents: 1850, stock: 0, colour: [233, 196, 106] },
  { sku: 'B-104', title: 'Weather for Beginners', category: 'science', cents: 3100, stock: 7, colour: [244, 162, 97] },
  { sku: 'B-105', title: 'A Lamp in the Harbour', category: 'poetry', cents: 990, stock: 25, colour: [231, 111, 81] },
  { sku: 'B-106', title: 'Night Trains', category: 'travel', cents: 1650, stock: 4, colour: [29, 53, 87] },
  { sku: 'B-107', title: 'The Cartographer’s Son', category: 'novel', cents: 1490, stock: 9, colour: [69, 123, 157] },
  { sku: 'B-108', title: 'Queues & Other Poems', category: 'poetry', cents: 1150, stock: 1, colour: [168, 218, 220] },
  { sku: 'B-109', title: 'Counting to Infinity', category: 'science', cents: 2750, stock: 6, colour: [106, 76, 147] },
  { sku: 'B-110', title: 'Häuser am Fluß', category: 'novel', cents: 1990, stock: 2, colour: [25, 130, 196] },
  { sku: 'B-111', title: 'Slow Rivers', category: 'travel', cents: 1720, stock: 11, colour: [138, 201, 38] },
  { sku: 'B-112', title: 'First Come, First Served', category: 'novel', cents: 1290, stock: 30, colour: [255, 89, 94] },
];

const NAMES = ['Ada Lovelace', 'Grace Hopper', 'Edsger Dijkstra', 'Barbara Liskov', 'Tony Hoare'];
const CITIES = ['London', 'New York', 'Rotterdam', 'Los Angeles', 'Colombo'];
/** By the stars that go with them, from one on. */
const OPINIONS = [
  'Not for me.',
  'I put it down twice.',
  'Good, if a little long.',
  'A present for everyone I know.',
  'Could not put it down.',
];
const DAY = 86_400_000;
const START = Date.parse('2026-03-01T09:30:00Z');

/** Members of a list that go round and round. */
const round = <T>(list: readonly T[], at: number): T => list[at % list.length] as T;
/** `66f0…`, the last digits saying what it is and which one. */
const id = (kind: string, at: number) =>
  new ObjectId(`66f0${(kind + at.toString(16).padStart(4, '0')).padStart(20, '0')}`);
const money = (cents: number) => Decimal128.fromString((cents / 100).toFixed(2));

const users = NAMES.map((name, at) => ({
  _id: id('', at + 1),
  name,
  email: `${name.split(' ')[0]?.toLowerCase()}@shop.example`,
  address: { city: round(CITIES, at), country: round(['GB', 'US', 'NL', 'US', 'LK'], at) },
  since: new Date(START - (at + 1) * 100 * DAY),
  // Beyond 2^53: the last digit is lost wherever it is taken for a double.
  cardNumber: Long.fromString('9007199254740993').add(at * 2),
}));

const products = PRODUCTS.map(({ sku, title, category, cents, stock }, at) => ({
  _id: id('b', at + 1),
  sku,
  title,
  category,
  price: money(cents),
  stock,
  cover: `covers/${sku}.svg`,
}));

const orders = Array.from({ length: 24 }, (_, at) => {
  const lines = Array.from({ length: 1 + (at % 3) }, (_, line) => {
    const { sku, cents } = round(PRODUCTS, at * 5 + line * 3);
    return { sku, cents, quantity: 1 + ((at + line) % 2) };
  });
  const cents = lines.reduce((sum, line) => sum + line.cents * line.quantity, 0);
  return {
    _id: id('a', at + 1),
    number: 1024 - at,
    // Every second order is Ada's.
    userId: at % 2 === 0 ? id('', 1) : id('', 2 + ((at >> 1) % 4)),
    at: new Date(START - at * 3 * DAY),
    sku: lines[0]?.sku,
    lines: lines.map(({ sku, cents, quantity }) => ({ sku, quantity, price: money(cents) })),
    total: money(cents),
    tracking: Long.fromString('9100000000000000001').add(at),
  };
});

const reviews = Array.from({ length: 30 }, (_, at) => ({ at, stars: 1 + ((at * 3) % 5) })).map(({ at, stars }) => ({
  _id: id('c', at + 1),
  sku: round(PRODUCTS, at * 7).sku,
  authorId: id('', 1 + (at % NAMES.length)),
  stars,
  text: round(OPINIONS, stars - 1),
  at: new Date(START - at * 2 * DAY),
}));

/** The documents of the database `shop`, by collection: the same at every start. */
export const COLLECTIONS: Readonly<Record<string, readonly Document[]>> = { users, products, orders, reviews };

/** The fields that no two documents share, by collection: each has an index of its own. */
export const UNIQUE: Readonly<Record<string, readonly string[]>> = { users: ['email'], products: ['sku'] };

/** The reviews as the catalog's REST API shows them. */
export const REVIEWS = reviews.map(({ sku, authorId, stars, text }) => ({
  product: sku,
  author: authorId.toHexString(),
  stars,
  text,
}));
