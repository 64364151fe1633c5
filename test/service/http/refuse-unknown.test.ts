import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashedKey, makeKey } from '../../../src/callers/api-keys.ts';
import { type App, buildApp } from '../../../src/service/app.ts';
import { buildMetricsApp } from '../../../src/service/metrics-app.ts';
import { parseConfig } from '../../configured.ts';

const PAGE = 'https://app.example';
const key = makeKey();
const callers = { web: { keys: [hashedKey(key)] } };
const config = parseConfig({ server: { hosts: ['localhost'], corsOrigins: [PAGE] }, callers });

let app: App;
let port: number;
beforeAll(async () => {
  app = await buildApp(config, { sources: new Map() });
  port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
});
afterAll(() => app.close());

async function send(target: string, fields: string): Promise<string> {
  const client = connect(port, '127.0.0.1');
  client.write(`${target} HTTP/1.1\r\nOrigin: ${PAGE}\r\nConnection: close\r\n${fields}\r\n\r\n`);
  return text(client);
}

describe('a path that cannot be decoded', () => {
  const PATHS = ['/%zz', '/kv%zz', '/batches/%ff', '/docs/%ff', '/sources/%', '/kv%2', '/%c3%28?x=%zz'];

  it.each(['GET', 'POST', 'DELETE'].flatMap((method) => PATHS.map((path) => `${method} ${path}`)))(
    'is refused as an unknown one is, with a status of its own: %s',
    async (target) => {
      const unknown = await send(target, 'Host: localhost');
      expect(unknown).toMatch(/^HTTP\/1\.1 401 [^]*\r\nwww-authenticate: Bearer realm="codap"\r\n/);
      expect(unknown).toMatch(new RegExp(`\\r\\naccess-control-allow-origin: ${PAGE}\\r\\n`));
      expect(unknown).toMatch(/\r\nvary: .*Authorization/i);
      const known = await send(target, `Host: localhost\r\nX-Api-Key: ${key}`);
      expect(known).toMatch(/^HTTP\/1\.1 400 [^]*the path is not UTF-8 in percent-encoding/);
      expect(known).toMatch(new RegExp(`\\r\\naccess-control-allow-origin: ${PAGE}\\r\\n`));
      expect(await send(target, `Host: evil.example\r\nX-Api-Key: ${key}`)).toMatch(/^HTTP\/1\.1 421 /);
    },
  );

  it.each([
    ['http://evil.example/%zz', 421],
    ['http://localhost/%zz', 400],
    ['http://localhost%zz', 421],
    ['http://[%zz/', 421],
    ['http://localhost:1:2/%zz', 421],
    ['*%zz', 400],
  ])('counts the host that its target names: %s', async (target, status) => {
    const answer = await send(`GET ${target}`, `Host: localhost\r\nX-Api-Key: ${key}`);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  it('is one among the metrics on a port of their own, too', async () => {
    const metrics = buildMetricsApp(config, async () => Buffer.alloc(0), {});
    const statusFor = async (headers: object): Promise<number> =>
      (await metrics.inject({ url: '/%zz', headers: { host: 'localhost', ...headers } })).statusCode;
    expect([await statusFor({}), await statusFor({ 'x-api-key': key })]).toEqual([401, 400]);
    await metrics.close();
  });
});

describe('a path that can be decoded', () => {
  it.each(['/%25', '/kv%25zz'])('is unknown, whatever it looks like: %s', async (path) => {
    expect(await send(`GET ${path}`, `Host: localhost\r\nX-Api-Key: ${key}`)).toMatch(/^HTTP\/1\.1 404 /);
  });
});
