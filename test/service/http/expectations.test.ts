import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hashedKey, makeKey } from '../../../src/callers/api-keys.ts';
import { openSaved } from '../../../src/saved/open-saved.ts';
import { type App, buildApp } from '../../../src/service/app.ts';
import { Front } from '../../../src/service/front.ts';
import { makeCertificate } from '../../certificate.ts';
import { parseConfig } from '../../configured.ts';

const [may, mayNot, tooOften] = [makeKey(), makeKey(), makeKey()];
const callers = {
  may: { keys: [hashedKey(may)], adhoc: true, batches: ['mine'] },
  mayNot: { keys: [hashedKey(mayNot)] },
  tooOften: { keys: [hashedKey(tooOften)], adhoc: true, rate: { perSecond: 0.001, burst: 1 } },
};
const batches = { mine: { pattern: 'ordered', queries: [] } };
const KEY = `x-api-key: ${may}`;
const JSON_TYPE = 'content-type: application/json';
const MCP_TYPES = 'accept: application/json, text/event-stream';
const LIST = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';

describe.each([
  ['', undefined],
  [' by TLS', await makeCertificate('here')],
])('a client that waits with its body%s', (_how, tls) => {
  let app: App;
  let front: Front;
  let client: Socket;
  beforeAll(async () => {
    const server = { hosts: ['localhost'], corsOrigins: ['https://app.example'], mcp: true };
    const config = parseConfig({ server, callers, batches, limits: { bodyBytes: 4096 } });
    if (tls) Object.assign(config.server, { tls });
    const sources = new Map();
    app = await buildApp(config, { sources, saved: await openSaved(config, sources) });
    await app.ready();
    front = new Front({ config, app });
    await front.app.listen({ host: '127.0.0.1', port: 0 });
    await app.inject({ url: '/limits', headers: { host: 'localhost', 'x-api-key': tooOften } });
  });
  afterAll(async () => {
    front.server.closeAllConnections();
    await front.close();
  });
  afterEach(() => void client.destroy());

  async function send(line: string, ...fields: readonly string[]): Promise<void> {
    const to = { port: (front.server.address() as AddressInfo).port, host: '127.0.0.1' };
    client = tls ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
    await once(client, tls ? 'secureConnect' : 'connect');
    const host = fields.some((field) => field.startsWith('host:')) ? [] : ['host: localhost'];
    client.write([`${line} HTTP/1.1`, ...host, 'Expect: 100-continue', ...fields, '', ''].join('\r\n'));
  }

  it.each<[number, string, string, ...string[]]>([
    [400, 'two hosts', 'POST /kv', 'host: localhost', 'host: localhost', 'content-length: 9'],
    [400, 'a target that is neither a path nor a URL', 'POST *', KEY, 'content-length: 9'],
    [400, 'a path that cannot be decoded', 'POST /kv%zz', KEY, 'content-length: 9'],
    [400, 'an unknown URL parameter', 'POST /kv?x', KEY, JSON_TYPE, 'content-length: 9'],
    [401, 'nobody who may ask', 'POST /kv', JSON_TYPE, 'content-length: 9'],
    [403, 'a batch of its own', 'POST /kv', `x-api-key: ${mayNot}`, JSON_TYPE, 'content-length: 9'],
    [403, 'a page of another origin', 'POST /mcp', KEY, 'origin: https://evil.example', JSON_TYPE, 'content-length: 9'],
    [404, 'an unknown path', 'POST /nothing', KEY, JSON_TYPE, 'content-length: 9'],
    [404, 'a batch that is not its own', 'POST /batches/mine', `x-api-key: ${mayNot}`, JSON_TYPE, 'content-length: 9'],
    [405, 'a method that a path has not', 'POST /limits', KEY, JSON_TYPE, 'content-length: 9'],
    [405, 'a method that has a body', 'PUT /kv', KEY, JSON_TYPE, 'content-length: 9'],
    [406, 'no encoding that there is', 'POST /kv', KEY, JSON_TYPE, 'accept: text/html', 'content-length: 9'],
    [406, 'none of a saved batch', 'POST /batches/mine', KEY, JSON_TYPE, 'accept: text/html', 'content-length: 9'],
    [406, 'an ending that it has not', 'POST /batches/mine.html', KEY, JSON_TYPE, 'content-length: 9'],
    [413, 'a body that is too large', 'POST /kv', KEY, JSON_TYPE, 'content-length: 4097'],
    [413, 'a message that is too large', 'POST /mcp', KEY, JSON_TYPE, MCP_TYPES, 'content-length: 4097'],
    [415, 'another type', 'POST /kv', KEY, 'content-type: text/plain', 'content-length: 9'],
    [415, 'no type', 'POST /kv', KEY, 'transfer-encoding: chunked'],
    [415, 'a compressed body', 'POST /kv', KEY, JSON_TYPE, 'content-encoding: gzip', 'content-length: 9'],
    [421, 'another host', 'POST /kv', KEY, 'host: evil.example', 'content-length: 9'],
    [429, 'who asks too often', 'POST /kv', `x-api-key: ${tooOften}`, JSON_TYPE, 'content-length: 9'],
    [501, 'an unknown transfer coding', 'POST /kv', KEY, JSON_TYPE, 'transfer-encoding: gzip, chunked'],
    [200, 'a body that nobody reads', 'GET /limits', KEY, 'content-length: 9'],
  ])('is answered %i for %s without being asked for it, and its connection closed', async (status, _for, ...head) => {
    await send(...head);
    const answer = await text(client);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toMatch(/\r\nconnection: close\r\n/i);
  });

  it.each<[string, string, ...string[]]>([
    ['/kv', '{"queries":{}}'],
    ['/batches/mine', '{}'],
    ['/batches/mine.ndjson', '{}'],
    ['/mcp', LIST, MCP_TYPES],
  ])('at %s is asked for it, and its connection stays', async (path, body, ...more) => {
    await send(`POST ${path}`, KEY, JSON_TYPE, `content-length: ${body.length}`, ...more);
    const [asked] = (await once(client, 'data')) as [Buffer];
    expect(String(asked)).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    client.write(`${body}GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
    const statuses = (await text(client)).matchAll(/HTTP\/1\.1 (\d{3}) /g);
    expect(Array.from(statuses, ([, status]) => status)).toEqual(['200', '200']);
  });

  it.each<[number, string, ...string[]]>([
    [200, 'GET /limits', KEY],
    [200, 'HEAD /limits', KEY],
    [200, 'GET /limits', KEY, 'content-length: 0'],
    [400, 'POST /batches/mine', KEY, JSON_TYPE, 'content-length: 0'],
    [400, 'POST /batches/mine', KEY, JSON_TYPE],
    [401, 'GET /limits'],
    [404, 'GET /nothing', KEY],
    [406, 'POST /batches/mine', KEY, JSON_TYPE, 'accept: text/html', 'content-length: 0'],
  ])('that it has not is answered %i, and what comes behind it, too: %s', async (status, line, ...head) => {
    await send(line, ...head);
    client.write('GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
    const statuses = (await text(client)).matchAll(/HTTP\/1\.1 (\d{3}) /g);
    const answers = Array.from(statuses, ([, found]) => Number(found)).filter((found) => found >= 200);
    expect(answers).toEqual([status, 200]);
  });

  it('is refused without being asked for it while the service drains', async () => {
    void app.drain();
    await send('POST /kv', KEY, JSON_TYPE, 'content-length: 9');
    expect(await text(client)).toMatch(/^HTTP\/1\.1 503 /);
  });
});
