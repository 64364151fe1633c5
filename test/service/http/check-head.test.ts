import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, buildApp } from '../../../src/service/app.ts';
import { buildMetricsApp } from '../../../src/service/metrics-app.ts';
import { parseConfig } from '../../configured.ts';

const config = parseConfig({});
const LIVE = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

let app: App;
let port: number;
beforeAll(async () => {
  app = await buildApp(config, { sources: new Map() });
  port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
});
afterAll(() => app.close());

/** All that is answered to what is written to one connection. */
function answers(bytes: string, to = port): Promise<string> {
  const socket = connect(to, '127.0.0.1');
  socket.write(bytes);
  return text(socket);
}

/** The statuses of these answers, in a row. */
async function statuses(bytes: string, to = port): Promise<number[]> {
  return Array.from((await answers(bytes, to)).matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status));
}

describe('a request target', () => {
  it.each([
    ['GET *', 400],
    ['HEAD *', 400],
    ['POST *', 400],
    ['GET *health/live', 400],
    ['OPTIONS *health/live', 400],
    ['GET *%zz', 400],
    ['OPTIONS *', 204],
    ['GET http://localhost', 200],
    ['GET http://localhost/health/live', 200],
    ['GET HTTPS://localhost/health/live', 200],
    ['GET ftp://localhost/health/live', 404],
    ['OPTIONS /health/live', 405],
  ])('%s is answered %i', async (line, status) => {
    expect(await statuses(`${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)).toEqual([status]);
  });

  it('that is none of these is told what it must be', async () => {
    const answer = await answers('GET * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    const detail = 'the request target must be a path or a URL; * is for OPTIONS alone';
    expect(JSON.parse(answer.slice(answer.indexOf('{')))).toEqual({ status: 400, title: 'Bad Request', detail });
  });

  it('* of an OPTIONS is answered by a port for metrics alone, too', async () => {
    const metrics = buildMetricsApp(config, async () => Buffer.alloc(0), {});
    const to = Number(new URL(await metrics.listen({ host: '127.0.0.1', port: 0 })).port);
    const head = 'HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
    expect(await statuses(`OPTIONS * ${head}`, to)).toEqual([204]);
    expect(await statuses(`GET * ${head}`, to)).toEqual([400]);
    await metrics.close();
  });
});

describe('a transfer coding', () => {
  const CHUNKS = 'e\r\n{"queries":{}}\r\n0\r\n\r\n';
  const post = (coding: string, version = '1.1', more = '') =>
    `POST /kv HTTP/${version}\r\nHost: localhost\r\nContent-Type: application/json\r\n${more}Transfer-Encoding: ${coding}\r\n\r\n${CHUNKS}`;

  it.each(['chunked', 'Chunked', ', chunked'])('%j is read, and the connection stays', async (coding) => {
    expect(await statuses(post(coding) + LIVE)).toEqual([200, 200]);
  });

  it.each([
    'gzip, chunked',
    'gzip',
    'identity',
    'x-chunked, chunked',
    'chunked;a=b',
    'gzip\r\nTransfer-Encoding: chunked',
  ])('%j is answered 501, and the connection closed', async (coding) => {
    expect(await statuses(post(coding) + LIVE)).toEqual([501]);
  });

  it('of HTTP/1.0 closes the connection behind the answer, where a body with a length does not', async () => {
    const kept = 'Connection: keep-alive\r\n';
    const told = `POST /kv HTTP/1.0\r\nHost: localhost\r\n${kept}Content-Type: application/json\r\nContent-Length: 14\r\n\r\n{"queries":{}}`;
    expect(await statuses(told + LIVE)).toEqual([200, 200]);
    expect(await statuses(post('chunked', '1.0', kept) + LIVE)).toEqual([200]);
    expect(await statuses(post('chunked', '1.0', `${kept}Accept: application/x-ndjson\r\n`) + LIVE)).toEqual([200]);
  });
});
