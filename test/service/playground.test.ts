import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { playgroundRoute } from '../../routes/playground.ts';
import { hashedKey, makeKey } from '../../src/callers/api-keys.ts';
import { openCallers } from '../../src/callers/callers.ts';
import { buildApp } from '../../src/service/app.ts';
import { Metrics } from '../../src/observe/metrics.ts';
import { identify } from '../../src/service/http/identify.ts';
import { NONCE, readPlayground } from '../../src/service/playground-files.ts';
import { parseConfig } from '../configured.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'playground-'));
  await mkdir(join(folder, 'playground'));
  await writeFile(join(folder, 'index.html'), `<link nonce="${NONCE}"><script nonce="${NONCE}"></script>`);
  await writeFile(join(folder, 'playground/a-1.js'), 'first();\n'.repeat(100));
});
afterAll(() => rm(folder, { recursive: true }));

async function appOf(callers?: object) {
  const app = Fastify();
  app.decorate('metrics', new Metrics([], [], () => 0));
  identify(app, openCallers(parseConfig({ callers }), app.log));
  playgroundRoute(app, (await readPlayground(folder))!);
  return app;
}

describe('the playground', () => {
  it('is not there where it was not built', async () => {
    expect(await readPlayground(join(folder, 'nothing'))).toBeUndefined();
  });

  it('is not passed over where it cannot be read', async () => {
    await expect(readPlayground(join(folder, 'index.html'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('has another nonce in each answer, in the page and in its policy', async () => {
    const app = await appOf();
    const answers = await Promise.all([app.inject('/'), app.inject('/')]);
    const nonces = answers.map(
      ({ headers }) => /style-src 'self' 'nonce-([\w+/=]+)'/.exec(String(headers['content-security-policy']))![1]!,
    );
    expect(nonces[0]).not.toBe(nonces[1]);
    expect(answers.map(({ body }) => body)).toEqual(
      nonces.map((nonce) => `<link nonce="${nonce}"><script nonce="${nonce}"></script>`),
    );
    expect(answers[0].headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
  });

  it('lets no inline script run, and asks nobody else', async () => {
    const app = await appOf();
    const policy = String((await app.inject('/')).headers['content-security-policy']);
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self';/);
    expect(policy).not.toContain('unsafe');
    expect(policy).toContain("frame-ancestors 'none'");
  });

  it.each([
    ['gzip', 'gzip'],
    ['gzip, deflate, br, zstd', 'gzip'],
    ['br;q=0.5, *', 'gzip'],
    ['identity', undefined],
    ['br', undefined],
    ['br, gzip;q=0', undefined],
    ['gzip;q=0, *', undefined],
  ])('sends its files to be kept, to who takes %s', async (accepted, coding) => {
    const app = await appOf();
    const { headers, rawPayload } = await app.inject({
      url: '/playground/a-1.js',
      headers: { 'accept-encoding': accepted },
    });
    expect(headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'Accept-Encoding',
    });
    expect(headers['content-encoding']).toBe(coding);
    expect(rawPayload.length < 300).toBe(coding === 'gzip');
  });

  it.each(['nothing.js', '..%2findex.html', '__proto__'])('has no file %s', async (file) => {
    const app = await appOf();
    expect((await app.inject(`/playground/${file}`)).statusCode).toBe(404);
  });

  it('tells nobody without a key which files there are not', async () => {
    const key = makeKey();
    const app = await appOf({ web: { keys: [hashedKey(key)] } });
    const statusOf = async (url: string, headers = {}) => (await app.inject({ url, headers })).statusCode;
    expect([await statusOf('/'), await statusOf('/playground/a-1.js')]).toEqual([200, 200]);
    expect(await statusOf('/playground/a-2.js')).toBe(401);
    expect(await statusOf('/playground/a-2.js', { 'x-api-key': key })).toBe(404);
  });
});

describe('`/`', () => {
  const paths = async (server: object, onLoopback: boolean) => {
    const app = await buildApp(parseConfig({ server }), { sources: new Map(), onLoopback });
    const { paths } = (await app.inject('/openapi.json')).json<{ paths: object }>();
    const page = await app.inject('/');
    await app.close();
    return { isPlayground: '/playground/{file}' in paths, page };
  };

  it.each([
    ['the host is not a loopback one', {}, false],
    ['it was turned off', { playground: false }, true],
  ])('is a page of links where %s', async (_what, server, onLoopback) => {
    const { isPlayground, page } = await paths(server, onLoopback);
    expect(isPlayground).toBe(false);
    expect(page.body).toContain('href="docs"');
    expect(page.headers['content-security-policy']).not.toContain('script-src');
  });

  it.each([
    ['the host is a loopback one', {}, true],
    ['it was turned on', { playground: true }, false],
  ])('is the playground where %s', async (_what, server, onLoopback) => {
    const { isPlayground, page } = await paths(server, onLoopback);
    expect(isPlayground).toBe(true);
    expect(page.body).toContain('<script type="module"');
  });
});
