import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A store of its own process that costs next to nothing: `/any/path/{bytes}` is so many bytes, always the
 * same block of them, whole or a range, to a REST client as to one of S3. It says its port.
 */
const BLOCK = Buffer.alloc(2 ** 20, 'codap ');

const store = createServer((message, response) => {
  const size = Number(/\/(\d+)(?:\?|$)/.exec(message.url as string)?.[1]);
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(message.headers.range ?? '') ?? [];
  const from = Number(first ?? 0);
  const to = Math.min(last ? Number(last) : Infinity, size - 1);
  let left = to - from + 1;
  response.writeHead(first === undefined ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': left,
    etag: '"block"',
    ...(first !== undefined && { 'content-range': `bytes ${from}-${to}/${size}` }),
  });
  const send = (): void => {
    while (left > 0) {
      const block = BLOCK.subarray(0, left);
      left -= block.length;
      if (!response.write(block)) return void response.once('drain', send);
    }
    response.end();
  };
  send();
});
store.listen(0, '127.0.0.1', () => process.send?.((store.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
