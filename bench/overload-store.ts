import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A store of its own process: `/word` says one word at once, `/light` after 50 ms, `/heavy` a list of about
 * 128 kB at once. It says its port on its channel.
 */
const word = '"here"';
const list = JSON.stringify(
  Array.from({ length: 1250 }, (_, at) => ({ at, name: `order ${at}`, tags: ['a', 'b'], price: at / 4, open: true })),
);
const server = createServer((call, answer) => {
  answer.setHeader('content-type', 'application/json');
  if (call.url === '/heavy') answer.end(list);
  else if (call.url === '/word') answer.end(word);
  else setTimeout(() => answer.end(word), 50);
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
