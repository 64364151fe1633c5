import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A process that only answers: each path with a record of about 1 kB, at once, or after so many milliseconds
 * as it is told. It says its port on its channel.
 */
const afterMs = Number(process.argv[2] ?? 0);
const orders = Array.from({ length: 6 }, (_, at) => ({
  id: at,
  sku: `SKU-${String(at).padStart(6, '0')}`,
  name: 'Analytical engine, a part',
  price: 12.25 + at,
  tags: ['brass', 'hand-made'],
  createdAt: '2026-01-01T00:00:00.000Z',
}));
const record = Buffer.from(JSON.stringify({ owner: 'Ada Lovelace', city: 'London', orders }));
const head = { 'content-type': 'application/json', 'content-length': record.length };

const server = createServer((request, response) => {
  request.resume();
  if (afterMs > 0) setTimeout(() => response.writeHead(200, head).end(record), afterMs);
  else response.writeHead(200, head).end(record);
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
