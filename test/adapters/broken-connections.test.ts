import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sources } from '../../src/sources/open.ts';
import { type Asked, ENDS, expectUnavailable, failureOf } from './ended.ts';
import { parseConfig, openSources } from '../configured.ts';

/** How much of the answer has been sent by then; of a list, how many pages before. */
const MOMENTS = {
  'at once': { part: 'nothing', pages: 0 },
  'before the answer': { part: '', pages: 0 },
  'in the middle of the head': { part: 'HTTP/1.1 200 OK\r\ncontent-', pages: 0 },
  'before the body': { part: 'head', pages: 0 },
  'in the middle of the body': { part: 'half', pages: 0 },
  'between two pages': { part: '', pages: 1 },
  'in the middle of the second page': { part: 'half', pages: 1 },
} as const;

const page = (more: boolean): string =>
  `<?xml version="1.0"?><ListBucketResult><Name>b</Name><IsTruncated>${more}</IsTruncated>` +
  (more ? '<NextContinuationToken>n</NextContinuationToken>' : '') +
  `<Contents><Key>${more ? 'first' : 'second'}</Key><Size>1</Size></Contents></ListBucketResult>`;

/** Each way to ask: source, op, params, how it is taken. */
const ASKED: Readonly<Record<string, readonly ['api' | 'files', ...Asked]>> = {
  'a REST get': ['api', 'get', { path: 'x' }, 'value'],
  'a REST get that flows': ['api', 'get', { path: 'x' }, 'body'],
  'a chunked REST get': ['api', 'get', { path: 'chunked' }, 'value'],
  'a chunked REST get that flows': ['api', 'get', { path: 'chunked' }, 'body'],
  'a REST get without a length': ['api', 'get', { path: 'until-close' }, 'value'],
  'a REST get without a length that flows': ['api', 'get', { path: 'until-close' }, 'body'],
  'a REST get of HTTP/1.0 that flows': ['api', 'get', { path: 'until-close-1.0' }, 'body'],
  'a REST head': ['api', 'head', { path: 'x' }, 'value'],
  'a REST post': ['api', 'post', { path: 'x', body: { a: 1 } }, 'value'],
  'an object': ['files', 'getObject', { key: 'x' }, 'value'],
  'an object that flows': ['files', 'getObject', { key: 'x' }, 'body'],
  'an object without a length': ['files', 'getObject', { key: 'until-close' }, 'value'],
  'an object without a length that flows': ['files', 'getObject', { key: 'until-close' }, 'body'],
  'an object of HTTP/1.0': ['files', 'getObject', { key: 'until-close-1.0' }, 'value'],
  'the head of an object': ['files', 'headObject', { key: 'x' }, 'value'],
  'a listing': ['files', 'listObjects', {}, 'value'],
  'a listing without a length': ['files', 'listObjects', { startAfter: 'until-close' }, 'value'],
  'a listing that flows': ['files', 'listObjects', {}, 'items'],
};

interface Plan {
  readonly part: string;
  readonly end: (socket: Socket) => unknown;
  pages: number;
}

let plan: Plan | undefined;
let server: Server;
let opened: Sources;
const sockets = new Set<Socket>();

/** Whether the end of the connection is the body's. */
const isUntilClose = (request: string): boolean => request.includes('until-close');

function responseTo(request: string): [head: string, body: string] {
  const listing = request.includes('list-type=2');
  const body = listing ? page(!request.includes('continuation-token=n')) : '{"some":"body"}';
  const type = listing ? 'application/xml' : 'application/json';
  const head = `HTTP/1.${request.includes('-1.0') ? 0 : 1} 200 OK\r\ncontent-type: ${type}\r\n`;
  if (isUntilClose(request)) return [`${head}connection: close\r\n\r\n`, body];
  if (request.includes('/chunked'))
    return [`${head}transfer-encoding: chunked\r\n\r\n`, `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`];
  return [`${head}content-length: ${body.length}\r\n\r\n`, request.startsWith('HEAD') ? '' : body];
}

function strike(socket: Socket, sent: string): void {
  const { end } = plan as Plan;
  plan = undefined;
  if (sent === '') end(socket);
  else socket.write(sent, () => end(socket));
}

function serve(socket: Socket): void {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket)).on('error', () => {});
  if (plan?.part === 'nothing') return strike(socket, '');
  let request = '';
  socket.on('data', (chunk) => {
    request += chunk.toString('latin1');
    if (!request.includes('\r\n\r\n') || (request.startsWith('POST') && !request.endsWith('}'))) return;
    const [head, body] = responseTo(request);
    const write = isUntilClose(request) ? 'end' : 'write';
    request = '';
    const part = plan && plan.part !== 'nothing' && plan.pages-- === 0 ? plan.part : 'whole';
    if (part === 'whole') socket[write](head + body);
    else if (part === 'half') strike(socket, head + body.slice(0, body.length / 2));
    else strike(socket, part === 'head' ? head : part);
  });
}

beforeAll(async () => {
  server = createServer({ allowHalfOpen: true }, serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // A failure is told as it comes.
  const retry = false;
  const keys = { accessKeyId: 'AKIA', secretAccessKey: 'secret-key' };
  opened = await openSources(
    parseConfig({
      sources: {
        // Nearly every call of theirs fails.
        api: { adapter: 'rest', url: `${url}/`, methods: ['get', 'head', 'post'], retry, breaker: false },
        files: { adapter: 's3', endpoint: url, bucket: 'bucket', forcePathStyle: true, retry, breaker: false, ...keys },
      },
    }),
  );
});

afterAll(async () => {
  await opened[Symbol.asyncDispose]();
  for (const socket of sockets) socket.destroy();
  server.close();
});

function ask(asked: string, between?: () => void): Promise<unknown> {
  const [name, ...query] = ASKED[asked]!;
  return failureOf(opened.sources.get(name)!, query, between);
}

const isListing = (asked: string): boolean => asked.includes('listing');
const isHead = (asked: string): boolean => asked.includes('head');
/** An end that is no reset is that of a body without a length. */
const isWhole = (asked: string, how: keyof typeof ENDS): boolean =>
  how !== 'is reset' && isUntilClose(String(Object.values(ASKED[asked]![2])[0]));
const casesOf = (how: keyof typeof ENDS) =>
  Object.entries(MOMENTS).flatMap(([moment, { part, pages }]) =>
    Object.keys(ASKED)
      .filter((asked) => pages === 0 || isListing(asked))
      .filter((asked) => !(/head|half/.test(part) && (isHead(asked) || isWhole(asked, how))))
      .map((asked) => [moment, asked] as const),
  );

describe.each(Object.keys(ENDS) as (keyof typeof ENDS)[])('a connection that %s', (how) => {
  const end = ENDS[how];

  it.each(casesOf(how))('%s of %s is the store’s failure, and the next query works', async (moment, asked) => {
    // A new one is made for the next query.
    for (const socket of sockets) socket.destroy();
    while (sockets.size > 0) await setImmediate();
    plan = { ...MOMENTS[moment as keyof typeof MOMENTS], end };
    expectUnavailable(await ask(asked));
    expect(plan).toBeUndefined();
    expect(await ask(asked)).toBeUndefined();
    await expect(opened.sources.get('api')?.ping(new AbortController().signal)).resolves.toBeUndefined();
  });

  it.each(Object.keys(ASKED))('while nobody asks is the store’s failure at most, for %s', async (asked) => {
    for (let turns = 0; turns < 6; turns += 1) {
      // Each connection that has ended may still be tried once.
      for (let left = sockets.size + 1; (await ask(asked)) !== undefined; left -= 1) expect(left).toBeGreaterThan(0);
      for (const socket of sockets) end(socket);
      for (let turn = 0; turn < turns; turn += 1) await setImmediate();
      const error = await ask(asked);
      if (error !== undefined) expectUnavailable(error);
    }
  });
});
