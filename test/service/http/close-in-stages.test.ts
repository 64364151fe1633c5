import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashedKey, makeKey } from '../../../src/callers/api-keys.ts';
import { type App, buildApp } from '../../../src/service/app.ts';
import { makeCertificate } from '../../certificate.ts';
import { parseConfig } from '../../configured.ts';

/** More than the buffers of a connection hold. */
const BODY = Buffer.alloc(2 ** 24, ' ');
const [may, mayNot, tooOften] = [makeKey(), makeKey(), makeKey()];
const callers = {
  may: { keys: [hashedKey(may)], adhoc: true },
  mayNot: { keys: [hashedKey(mayNot)] },
  tooOften: { keys: [hashedKey(tooOften)], adhoc: true, rate: { perSecond: 0.001, burst: 1 } },
};
const tls = await makeCertificate('here');

/** Requests that are refused before their bodies are here, by their statuses; while draining by others. */
const REFUSED: readonly [number, string, string, string, (number | undefined)?][] = [
  [401, 'an unknown key', '/kv', 'x-api-key: nobody'],
  [429, 'a caller who asks too often', '/kv', `x-api-key: ${tooOften}`],
  [403, 'a caller who may not', '/kv', `x-api-key: ${mayNot}`],
  [404, 'an unknown path', '/nothing', `x-api-key: ${may}`],
  [405, 'an unknown method', '/limits', `x-api-key: ${may}`],
  [400, 'an unknown URL parameter', '/kv?x', `x-api-key: ${may}`],
  [421, 'another host', '/kv', `x-api-key: ${may}\r\nhost: evil.example`],
  [415, 'a compressed body', '/kv', `x-api-key: ${may}\r\ncontent-encoding: gzip`, 503],
  [415, 'another type', '/kv', `x-api-key: ${may}\r\ncontent-type: text/plain`, 503],
  [413, 'a large body', '/kv', `x-api-key: ${may}\r\ncontent-type: application/json`, 503],
  [503, 'a body without room', '/ordered', `x-api-key: ${may}\r\ncontent-type: application/json`],
];

let app: App;
let client: Socket;
afterEach(async () => {
  client.destroy();
  await app.close();
});

async function listen(more: { tls?: object; requestMs?: number; allowHalfOpen?: boolean } = {}): Promise<void> {
  const { tls: speaks, requestMs, allowHalfOpen = false } = more;
  const limits = { bodyBytes: 2 ** 23, answerBytes: 2 ** 19 };
  const config = parseConfig({ server: { bufferBytes: 2 ** 20, hosts: ['localhost'] }, limits, callers });
  const server = { ...config.server, ...(speaks && { tls }) };
  app = await buildApp({ ...config, server }, { sources: new Map(), ...(requestMs !== undefined && { requestMs }) });
  await app.listen({ host: '127.0.0.1', port: 0 });
  await app.inject({ url: '/limits', headers: { host: 'localhost', 'x-api-key': tooOften } });
  const { port } = app.server.address() as AddressInfo;
  const to = { port, host: '127.0.0.1', allowHalfOpen };
  client = speaks ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
  await once(client, speaks ? 'secureConnect' : 'connect');
}

/** Sends a request as one does who writes all of it before reading. */
async function send(path: string, fields: string): Promise<void> {
  const bytes = path === '/ordered' ? 2 ** 22 : BODY.length;
  const host = fields.includes('host:') ? '' : 'host: localhost\r\n';
  client.write(`POST ${path} HTTP/1.1\r\n${host}${fields}\r\ncontent-length: ${bytes}\r\n\r\n`);
  await new Promise((written) => client.write(BODY.subarray(0, bytes), written));
}

describe.each([
  ['closes its connection, as its client wants', {}, 'connection: close', false],
  ['closes its connection, as its client wants, by TLS', { tls }, 'connection: close', false],
  ['closes its connection, as the service drains', {}, 'x: y', true],
])('an answer that %s', (_what, how, more, drains) => {
  beforeEach(() => listen(how));

  it.each(REFUSED)('is not lost under a body that still comes: %i for %s', async (status, _for, path, fields, then) => {
    if (drains) await app.drain();
    await send(path, `${fields}\r\n${more}`);
    const answer = await text(client);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${drains ? (then ?? status) : status} `));
    expect(answer).toMatch(/\r\nconnection: close\r\n/i);
  });
});

describe('a connection that is kept', () => {
  beforeEach(() => listen());

  it.each(REFUSED)(
    'answers the next request after a body that was refused: %i for %s',
    async (status, _for, path, fields) => {
      await send(path, fields);
      client.write('GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
      const answers = [...(await text(client)).matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, code]) => Number(code));
      expect(answers).toEqual([status, 200]);
    },
  );
});

describe.each([
  ['', {}],
  [' by TLS', { tls }],
])('a connection%s whose client leaves its side open', (_how, how) => {
  it.each(REFUSED.filter(([status]) => status !== 413 && status !== 503))(
    'is closed behind an answer to a request that was here whole: %i for %s',
    async (status, _for, path, fields) => {
      await listen({ ...how, allowHalfOpen: true });
      const connection = once(app.server, 'request');
      const host = fields.includes('host:') ? '' : 'host: localhost\r\n';
      client.write(`POST ${path} HTTP/1.1\r\n${host}${fields}\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}`);
      const [{ socket }] = (await connection) as [{ socket: Socket }];
      const closed = once(socket, 'close');
      expect(await text(client)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      await closed;
    },
  );
});

describe('a body that does not come', () => {
  const head = 'POST /kv HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 100\r\n\r\n';

  it('is not waited for to tell the client that nothing follows the answer', async () => {
    await listen();
    client.write(head);
    expect(await text(client)).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('keeps its connection for no longer than a request may take', async () => {
    await listen({ requestMs: 100 });
    const connection = once(app.server, 'request');
    client.write(head);
    const [{ socket }] = (await connection) as [{ socket: Socket }];
    client.resume();
    await once(client, 'end');
    expect(socket.closed).toBe(false);
    await once(socket, 'close');
  });
});
