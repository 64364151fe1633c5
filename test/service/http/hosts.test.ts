import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import type { FastifyInstance } from 'fastify';
import { buildApp } from '../../../src/service/app.ts';
import { isLoopback } from '../../../src/cli/listen.ts';
import { parseConfig } from '../../configured.ts';

let app: FastifyInstance;
afterEach(() => app.close());

async function listen(hosts: readonly string[], onLoopback = true): Promise<string> {
  app = await buildApp(parseConfig({ server: { hosts, corsOrigins: ['https://app.example'] } }), {
    sources: new Map(),
    onLoopback,
  });
  return app.listen({ host: '127.0.0.1', port: 0 });
}

/** The status of the answer to these very lines. */
async function statusOf(url: string, ...lines: string[]): Promise<number> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`);
  return Number((await text(socket)).split(' ')[1]);
}

const LIVE = 'GET /health/live HTTP/1.1';
const LISTED = ['shop.example', 'Other.Example.', '10.0.0.7', '2001:DB8::7'];

describe('on a loopback address', () => {
  it.each([
    'localhost',
    'LocalHost:8080',
    'localhost.',
    'app.localhost',
    '127.0.0.1',
    '127.0.0.1:80',
    '192.0.2.1',
    '[::1]',
    '[::1]:8080',
    '[::ffff:127.0.0.1]',
  ])('%s is served', async (host) => {
    expect(await statusOf(await listen([]), LIVE, `Host: ${host}`)).toBe(200);
  });

  it.each([
    'evil.example',
    'evil.example:80',
    'localhost.evil.example',
    'evillocalhost',
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    'evil.example@localhost',
    '[evil.example]',
    '[::1].evil.example',
    '::1',
    '0x7f.1.evil.example',
    'localhost:80:80',
    'localhost/',
    'local host',
    '',
  ])('%j is not', async (host) => {
    expect(await statusOf(await listen([]), LIVE, `Host: ${host}`)).toBe(421);
  });

  it('whoever names none is not served', async () => {
    expect(await statusOf(await listen([]), 'GET /health/live HTTP/1.0')).toBe(421);
  });

  it('the target counts where it names a host itself, and nothing that a proxy says', async () => {
    const url = await listen([]);
    expect(await statusOf(url, 'GET http://evil.example/health/live HTTP/1.1', 'Host: localhost')).toBe(421);
    expect(await statusOf(url, 'GET HTTP://localhost:1/health/live HTTP/1.1', 'Host: evil.example')).toBe(200);
    expect(await statusOf(url, 'GET http://localhost@evil.example/ HTTP/1.1', 'Host: localhost')).toBe(421);
    expect(await statusOf(url, LIVE, 'Host: evil.example', 'X-Forwarded-Host: localhost')).toBe(421);
    expect(await statusOf(url, LIVE, 'Host: localhost', 'X-Forwarded-Host: evil.example')).toBe(200);
  });

  it('two hosts are a bad request', async () => {
    expect(await statusOf(await listen([]), LIVE, 'Host: localhost', 'Host: evil.example')).toBe(400);
  });

  it('a host that is not served gets the same problem at every URL, by every method', async () => {
    await listen([]);
    for (const [method, url] of [
      ['GET', '/'],
      ['GET', '/health/ready'],
      ['GET', '/none'],
      ['GET', '/docs'],
      ['DELETE', '/kv'],
      ['POST', '/kv'],
      ['OPTIONS', '/kv'],
    ] as const) {
      const headers = { host: 'evil.example', origin: 'https://app.example', 'access-control-request-method': 'POST' };
      const answer = await app.inject({ method, url, headers });
      expect(answer.statusCode, `${method} ${url}`).toBe(421);
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(answer.json()).toEqual({
        status: 421,
        title: 'Misdirected Request',
        detail: 'this host is not served here',
      });
    }
  });
});

describe('hosts that are listed', () => {
  it.each(['shop.example', 'SHOP.example:443', 'shop.example.', 'other.example', '10.0.0.7:80', '[2001:db8:0::7]'])(
    '%s is served',
    async (host) => {
      for (const onLoopback of [true, false])
        expect(await statusOf(await listen(LISTED, onLoopback), LIVE, `Host: ${host}`)).toBe(200);
    },
  );

  it.each(['localhost', '127.0.0.1', 'a.shop.example', 'shop.example.evil', '[2001:db8::8]'])(
    '%s is not, being another one',
    async (host) => {
      expect(await statusOf(await listen(LISTED), LIVE, `Host: ${host}`)).toBe(421);
    },
  );

  it('may be none, where others than this machine are to reach it', async () => {
    expect(await statusOf(await listen([], false), LIVE, 'Host: whatever.example')).toBe(200);
  });
});

describe('a loopback address', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.8.9.1', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['192.0.2.1', false],
    ['no-such-host.invalid', false],
  ])('%s: %s', async (host, expected) => {
    app = await buildApp(parseConfig({}), { sources: new Map() });
    expect(await isLoopback({ host })).toBe(expected);
  });
});
