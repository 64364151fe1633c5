import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A store of its own process whose answers are as large as their path says: `/zeros/1000` is a list of a
 * thousand zeros. It says its port on its channel. What it takes as a body it throws away.
 */
const MAKERS: Readonly<Record<string, (count: number) => string>> = {
  zeros: (count) => list(count, () => '0'),
  names: (count) => list(count, (at) => `"n${at}"`),
  digits: (count) => list(count, () => '12345678901234567890'),
  objects: (count) => list(count, (at) => `{"id":${at},"a":1}`),
  lists: (count) => list(count, () => '[]'),
  rows: (count) => list(count, () => '{"r":[1,2,3],"s":{"t":"u"}}'),
  holder: (count) => `[{"r":${list(count, () => '0')}}]`,
  keys: (count) => `{${Array.from({ length: count }, (_, at) => `"k${at}":0`).join()}}`,
  numbered: (count) => `{${Array.from({ length: count }, (_, at) => `"${count - at}":0`).join()}}`,
  deep: (count) => `${'['.repeat(count)}${']'.repeat(count)}`,
  text: (count) => `"${'x'.repeat(count)}"`,
  wide: (count) => `"${'☃'.repeat(count)}"`,
  escaped: (count) => `"${'\\n'.repeat(count)}"`,
  blank: (count) => `${' '.repeat(count)}1`,
  quotes: (count) => `[{"a":"${'\\"'.repeat(count)}"}]`,
  lines: (count) => '\n'.repeat(count),
  controls: (count) => '\u0001'.repeat(count),
};
/** Those whose answers are no JSON but text, of which each character is an escape in JSON. */
const TEXTS = new Set(['lines', 'controls']);

function list(count: number, member: (at: number) => string): string {
  return `[${Array.from({ length: count }, (_, at) => member(at)).join()}]`;
}

const made = new Map<string, Buffer>();
const server = createServer((request, response) => {
  request.resume();
  const path = request.url ?? '';
  if (path.startsWith('/slow')) return;
  const [, kind = '', count = '0'] = path.split('/');
  const maker = MAKERS[kind];
  if (!maker) {
    response.writeHead(404).end();
    return;
  }
  if (!made.has(path)) made.set(path, Buffer.from(maker(Number(count))));
  const type = TEXTS.has(kind) ? 'text/plain' : 'application/json';
  response.writeHead(200, { 'content-type': type }).end(made.get(path));
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
