import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig, openSources } from '../../configured.ts';
import { buildApp } from '../../../src/service/app.ts';
import { startScripted, type ScriptedStore } from '../../scripted-store.ts';
import { until } from '../../service.ts';

const PIECE = Buffer.alloc(50_000, 'x');

type App = Awaited<ReturnType<typeof buildApp>>;

let store: ScriptedStore;
let app: App;
/** How many of the answers that never end by themselves were let go. */
let left = 0;

beforeAll(async () => {
  store = await startScripted((path, response) => {
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
  app = await start();
});
afterAll(async () => {
  await app.close();
  await store.close();
});

async function start(): Promise<App> {
  const config = parseConfig({
    limits: { streamIdleMs: 100 },
    sources: { r: { adapter: 'rest', url: store.url } },
  });
  const started = await buildApp(config, await openSources(config));
  await started.listen({ host: '127.0.0.1', port: 0 });
  return started;
}

/** Asks for an archive of one body, or its bytes. */
function ask(version: string, accept: string, path: string, { server } = app): Socket {
  const body = JSON.stringify({ onError: 'fail', queries: [{ source: 'r', op: 'get', params: { path }, as: 'a' }] });
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const head = [`POST /ordered HTTP/${version}`, 'host: localhost', `accept: ${accept}`, 'connection: close'];
  const fields = ['content-type: application/json', `content-length: ${body.length}`];
  socket.write(`${[...head, ...fields].join('\r\n')}\r\n\r\n${body}`);
  return socket;
}

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

describe.each(TYPES)('an answer as %s without a length', (type) => {
  it.each(TOLD)(
    'of which its store has cut something is no whole one to a client of HTTP/%s: %s',
    async (version, how) => {
      expect(await endOf(ask(version, type, '/cut'))).toMatchObject({ how });
    },
  );

  it.each(['1.0', '1.1'])('that is whole ends as such to a client of HTTP/%s', async (version) => {
    const { how, bytes } = await endOf(ask(version, type, '/whole'));
    expect(how).toBe('whole');
    expect(bytes).toBeGreaterThan(100);
  });
});

describe.each(TOLD)('to a client of HTTP/%s an answer is told to be cut by: %s', (version, how) => {
  it('where nothing was taken for too long', async () => {
    const socket = ask(version, 'application/octet-stream', '/endless');
    const before = left;
    await until(() => left > before, 'it was cut');
    expect(await endOf(socket)).toMatchObject({ how });
  });

  it('where the service ends', async () => {
    const own = await start();
    const socket = ask(version, 'application/octet-stream', '/open', own);
    const ending = endOf(socket);
    await once(socket, 'data');
    own.cut?.();
    expect(await ending).toMatchObject({ how });
    await own.close();
  });
});
