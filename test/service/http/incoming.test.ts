import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { baseApp } from '../../../src/service/http/base-app.ts';
import { parseConfig } from '../../configured.ts';

setFlagsFromString('--allow-natives-syntax');
const haveSameMap = runInThisContext('(one, other) => %HaveSameMap(one, other)') as (
  one: object,
  other: object,
) => boolean;

let app: FastifyInstance;
const seen: IncomingHttpHeaders[] = [];

beforeEach(async () => {
  seen.length = 0;
  app = baseApp(parseConfig({}), { onLoopback: true });
  app.post('/', ({ headers, raw }, reply) => {
    seen.push(headers);
    void reply.send(raw.trailers);
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(() => app.close());

/** The answer to a request of these fields beside its host, and of this body in one chunk. */
async function post(fields: readonly string[], trailers: readonly string[] = []): Promise<string> {
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  const head = ['POST / HTTP/1.1', 'Host: localhost', ...fields, 'Transfer-Encoding: chunked', 'Connection: close'];
  socket.write([...head, '', '2', '{}', '0', ...trailers, '', ''].join('\r\n'));
  return text(socket);
}

const JSON_TYPE = 'Content-Type: application/json';

it.each([
  ['in another order', [JSON_TYPE, 'X-A: 1'], ['X-A: 1', JSON_TYPE]],
  ['of other names', [JSON_TYPE, 'X-A: 1'], [JSON_TYPE, 'X-B: 1', 'X-C: 1']],
])('fields %s are in an object of the same hidden class', async (_, one, other) => {
  await post(one);
  await post(other);
  expect(seen).toHaveLength(2);
  expect(haveSameMap(seen[0]!, seen[1]!)).toBe(true);
});

it.each(['constructor', '__proto__'])('%s is a field as any other', async (name) => {
  await post([JSON_TYPE]);
  await post([JSON_TYPE, `${name}: a`]);
  expect(seen.map((headers) => headers[name])).toEqual([undefined, 'a']);
});

it('fields sent more than once are put together as Node does', async () => {
  await post([
    JSON_TYPE,
    'X-A: 1',
    'X-A: 2',
    'Cookie: a=1',
    'Cookie: b=2',
    'Content-Type: text/plain',
    'Set-Cookie: c',
  ]);
  expect(seen[0]).toMatchObject({
    'x-a': '1, 2',
    cookie: 'a=1; b=2',
    'content-type': 'application/json',
    'set-cookie': ['c'],
  });
});

it('trailers are no headers', async () => {
  expect(await post([JSON_TYPE], ['X-Sum: 7'])).toContain('{"x-sum":"7"}');
  expect(seen[0]).not.toHaveProperty('x-sum');
});
