import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig, openSources } from '../../configured.ts';
import { buildApp } from '../../../src/service/app.ts';
import { type Edition, Front } from '../../../src/service/front.ts';
import { startScripted, type ScriptedStore } from '../../scripted-store.ts';
import { until } from '../../service.ts';

const PIECE = Buffer.alloc(50_000, 'x');
/** More than what is on its way can be. */
const LARGE = JSON.stringify('x'.repeat(2 ** 24));

const FRAMES = 'application/x-ndjson';

type App = Awaited<ReturnType<typeof buildApp>>;

let store: ScriptedStore;
let app: App;
/** How many of the answers that never end by themselves were let go. */
let left = 0;

beforeAll(async () => {
  store = await startScripted((path, response) => {
    if (path === '/large') return void response.setHeader('content-type', 'application/json').end(LARGE);
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    if (path === '/whole') return void response.end(PIECE);
    if (path === '/endless') {
      response.once('close', () => (left += 1));
      const send = (): void => void (response.destroyed || response.write(PIECE, send));
      return send();
    }
    response.write(PIECE);
    if (path === '/cut') setImmediate(() => response.destroy());
  });
  app = await listening();
});
afterAll(async () => {
  await app.close();
  await store.close();
});

/** Nobody is cut for taking nothing, unless a test says when. */
async function build(streamIdleMs = 60_000): Promise<App> {
  const config = parseConfig({
    limits: { streamIdleMs },
    sources: { r: { adapter: 'rest', url: store.url, breaker: false, maxBytes: 2 ** 26 } },
  });
  const built = await buildApp(config, await openSources(config));
  built.get('/all', (_request, reply) => {
    reply.hijack();
    reply.raw.flushHeaders();
    reply.raw.end(LARGE);
  });
  built.get('/flow', (_request, reply) => {
    const flow = new Readable({ read: () => {} });
    flow.push(PIECE);
    return reply.type('application/octet-stream').send(flow);
  });
  return built;
}

async function listening(streamIdleMs?: number): Promise<App> {
  const built = await build(streamIdleMs);
  await built.listen({ host: '127.0.0.1', port: 0 });
  return built;
}

type Listening = Pick<App, 'server'>;

/** A request by a version, behind which further header fields may stand. */
function requestOf(asked: string, version: string, fields: readonly string[], body = ''): string {
  const [number, ...more] = version.split(', ');
  return `${[`${asked} HTTP/${number}`, 'host: localhost', ...more, ...fields].join('\r\n')}\r\n\r\n${body}`;
}

/** One for an archive of one body, its bytes, or a frame. */
function batchOf(version: string, accept: string, path: string): string {
  const queries = [{ source: 'r', op: 'get', params: { path }, as: 'a' }];
  const body = JSON.stringify({ onError: accept === FRAMES ? 'partial' : 'fail', queries });
  const sent = ['content-type: application/json', `content-length: ${body.length}`];
  return requestOf('POST /ordered', version, [`accept: ${accept}`, 'connection: close', ...sent], body);
}

function send(request: string, { server }: Listening = app): Socket {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(request);
  return socket;
}

const ask = (version: string, accept: string, path: string, of?: Listening): Socket =>
  send(batchOf(version, accept, path), of);

/** How an answer ends for who reads all of it. */
async function endOf(socket: Socket): Promise<{ how: 'reset' | 'whole' | 'cut'; bytes: number }> {
  const pieces: Buffer[] = [];
  socket.on('data', (piece) => pieces.push(piece));
  const how = await new Promise((resolve) => {
    socket.once('end', () => resolve('closed'));
    socket.once('error', () => resolve('reset'));
  });
  const [head = '', body = ''] = Buffer.concat(pieces)
    .toString('latin1')
    .split(/\r\n\r\n(.*)/s);
  expect(head).toMatch(/^HTTP\/1\.1 200 /);
  if (how === 'reset') return { how, bytes: body.length };
  const isChunked = /transfer-encoding: chunked/i.test(head);
  return { how: isChunked && !body.endsWith('\r\n0\r\n\r\n') ? 'cut' : 'whole', bytes: body.length };
}

const TYPES = ['application/octet-stream', 'application/zip', 'application/x-tar', 'application/gzip'];
/** What a client of each version is told by. */
const TOLD = [
  ['1.0', 'reset'],
  ['1.1', 'cut'],
] as const;
/** And of those that are hardly seen. */
const TOLD_RARELY = [
  ['0.9', 'reset'],
  ['2.0', 'reset'],
  ['1.0, te: chunked', 'cut'],
] as const;

describe.each(TYPES)('an answer as %s without a length', (type) => {
  it.each([...TOLD, ...TOLD_RARELY])(
    'of which its store has cut something is no whole one to a client of HTTP/%s: %s',
    async (version, how) => {
      expect(await endOf(ask(version, type, '/cut'))).toMatchObject({ how });
    },
  );

  it.each(TOLD)('that is whole ends as such to a client of HTTP/%s', async (version) => {
    const { how, bytes } = await endOf(ask(version, type, '/whole'));
    expect(how).toBe('whole');
    expect(bytes).toBeGreaterThan(100);
  });
});

const BYTES = 'application/octet-stream';

describe.each(TOLD)('to a client of HTTP/%s an answer is told to be cut by: %s', (version, how) => {
  it('where nothing was taken for too long', async () => {
    const own = await listening(100);
    const before = left;
    const socket = ask(version, BYTES, '/endless', own);
    await until(() => left > before, 'it was cut');
    expect(await endOf(socket)).toMatchObject({ how });
    await own.close();
  });

  it.each([
    ['a batch whose store says no more', (of: App) => ask(version, BYTES, '/open', of)],
    ['another answer', (of: App) => send(requestOf('GET /flow', version, []), of)],
  ])('where the service ends: %s', async (_what, asking) => {
    const own = await listening();
    const socket = asking(own);
    const ending = endOf(socket);
    await once(socket, 'data');
    own.cut();
    expect(await ending).toMatchObject({ how });
    await own.close();
  });

  it('where the service ends: a batch of which nothing is taken', async () => {
    const own = await listening();
    const connected = once(own.server, 'connection');
    const socket = ask(version, FRAMES, '/large', own);
    const [connection] = (await connected) as [Socket];
    let [written, times] = [0, 0];
    await until(() => {
      times = written > 0 && written === connection.bytesWritten ? times + 1 : 0;
      written = connection.bytesWritten;
      return times === 10;
    }, 'nothing more fits');
    const drained = own.drain();
    own.cut();
    expect(await drained).toBe(false);
    expect(await endOf(socket)).toMatchObject({ how });
    await own.close();
  });

  it('where a configuration ends', async () => {
    const edition = async (): Promise<Edition> => {
      const own = await build();
      await own.ready();
      // Nothing is cut before its time.
      return { config: parseConfig({ server: { graceMs: 20 } }), app: Object.assign(own, { cut: () => {} }) };
    };
    const front = new Front(await edition());
    await front.app.listen({ host: '127.0.0.1', port: 0 });
    const socket = send(requestOf('GET /flow', version, []), front);
    const ending = endOf(socket);
    await once(socket, 'data');
    await front.turnTo(await edition());
    expect(await ending).toMatchObject({ how });
    await front.close();
  });

  it.each([
    ['a batch whose store says no more', (of: App) => ask(version, BYTES, '/open', of)],
    ['another answer', (of: App) => send(requestOf('GET /flow', version, []), of)],
  ])('where its client ends its side in the middle of it: %s', async (_what, asking) => {
    const socket = asking(app);
    const ending = endOf(socket);
    await once(socket, 'data');
    socket.end();
    expect(await ending).toMatchObject({ how });
  });

  it('where what comes behind its request is no HTTP', async () => {
    const socket = ask(version, BYTES, '/open');
    const ending = endOf(socket);
    await once(socket, 'data');
    socket.write('?\r\n\r\n');
    expect(await ending).toMatchObject({ how });
  });
});

describe.each(TYPES)('an answer as %s that is cut before its turn', (type) => {
  it.each(['1.0', '1.1'])('closes the connection of HTTP/%s behind the one before it', async (version) => {
    const own = await build();
    const turn = Promise.withResolvers<string>();
    own.get('/first', () => turn.promise);
    await own.listen({ host: '127.0.0.1', port: 0 });
    const cutOff = new Promise((resolve) => {
      own.server.on('request', ({ url }, response) => url === '/ordered' && response.once('close', resolve));
    });
    const socket = send(requestOf('GET /first', version, ['connection: keep-alive']), own);
    const ending = endOf(socket);
    socket.write(batchOf(version, type, '/cut'));
    await cutOff;
    turn.resolve('first');
    expect(await ending).toEqual({ how: 'whole', bytes: 5 });
    await own.close();
  });
});

it.each(['1.0', '1.1'])(
  'an answer that is whole is not cut where a client of HTTP/%s ends its side before it has taken it',
  async (version) => {
    const own = await listening();
    const socket = send(requestOf('GET /all', version, ['connection: close']), own);
    await once(socket, 'readable');
    socket.end();
    expect(await endOf(socket)).toMatchObject({ how: 'whole' });
    await own.close();
  },
);

it.each(['1.0', '1.1'])('a connection of HTTP/%s that was kept for nothing is closed, not reset', async (version) => {
  const own = await build();
  Object.assign(own.server, { keepAliveTimeout: 20, keepAliveTimeoutBuffer: 0 });
  await own.listen({ host: '127.0.0.1', port: 0 });
  expect(await endOf(send(requestOf('GET /health/live', version, ['connection: keep-alive']), own))).toMatchObject({
    how: 'whole',
  });
  await own.close();
});
