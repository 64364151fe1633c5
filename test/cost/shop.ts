import { Faults } from '../../demo/faults.ts';
import { startMongo } from '../../demo/mongo/server.ts';

/**
 * An embedded MongoDB of its own process. `items` has no document, `rows` very many, `large` very large ones,
 * `deep` very deep ones, `lines` and `controls` a long text that JSON escapes; a `find` in `slow` is never
 * answered. It says its port on its channel.
 */
const faults = new Faults();
const server = await startMongo({ faults });
faults.add({ store: 'mongo', match: 'find:slow', fault: { kind: 'stall' } });

const nested = (depth: number): object =>
  Array.from({ length: depth }).reduce<object>((inner, _, at) => (at % 2 === 0 ? { d: inner } : { l: [inner] }), {});

const list = Array.from({ length: 300_000 }, (_, at) => at);
server.load('shop', 'large', [
  { _id: 0, list },
  { _id: 1, list: list.map((at) => at + 1) },
]);
server.load(
  'shop',
  'rows',
  Array.from({ length: 5000 }, (_, at) => ({
    _id: at,
    name: `row ${at}`,
    at: new Date(at * 1e6),
    tags: Array.from({ length: 20 }, (_, tag) => `tag${tag}`),
    text: 'x'.repeat(600),
  })),
);
server.load(
  'shop',
  'deep',
  Array.from({ length: 3000 }, (_, at) => ({ _id: at, ...nested(60) })),
);
server.load('shop', 'lines', [{ _id: 0, text: '\n'.repeat(8_000_000) }]);
server.load('shop', 'controls', [{ _id: 0, text: '\u0001'.repeat(8_000_000) }]);
server.load('shop', 'slow', [{ _id: 0 }]);
process.send?.(server.port);
process.once('disconnect', () => process.exit());
