import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchKeySet } from '../../src/callers/fetch-key-set.ts';
import { type KeyServer, startKeyServer } from './key-server.ts';

let server: KeyServer;
beforeAll(async () => {
  server = await startKeyServer();
});
afterAll(() => server[Symbol.asyncDispose]());

describe('a key set', () => {
  it('is the JSON that is answered, whatever that is called', async () => {
    server.answer = (response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('{"keys":[{"kid":"a"}]}');
    expect(await fetchKeySet(server.url)).toEqual({ keys: [{ kid: 'a' }] });
  });

  it('is not looked for where a redirect leads', async () => {
    server.asked.length = 0;
    server.answer = (response) => response.writeHead(302, { location: '/elsewhere' }).end('{"keys":[]}');
    await expect(fetchKeySet(server.url)).rejects.toThrow('status 302');
    expect(server.asked).toEqual(['/jwks.json']);
  });

  it.each([404, 500, 204])('is not had with status %i', async (status) => {
    server.answer = (response) => response.writeHead(status).end(status === 204 ? undefined : '{"keys":[]}');
    await expect(fetchKeySet(server.url)).rejects.toThrow(`status ${status}`);
  });

  it('that is huge is not read to its end', async () => {
    let sent = 0;
    server.answer = (response) => {
      const more = (): void => {
        sent += 65_536;
        if (!response.destroyed && sent < 64 * 2 ** 20) response.write(Buffer.alloc(65_536, ' '), more);
      };
      more();
    };
    await expect(fetchKeySet(server.url)).rejects.toThrow('more than 262144 bytes');
    expect(sent).toBeLessThan(32 * 2 ** 20);
  });

  it.each([
    ['says nothing', () => {}],
    ['stops in the middle', (response: { write(text: string): unknown }) => response.write('{"keys":')],
  ])('that takes long is given up, where it %s', async (_how, answer) => {
    server.answer = answer;
    await expect(fetchKeySet(server.url, 50)).rejects.toThrow();
  });

  it('that is cut or no JSON is none', async () => {
    server.answer = (response) =>
      response.writeHead(200, { 'content-length': 100 }).write('{"keys":', () => response.destroy());
    await expect(fetchKeySet(server.url)).rejects.toThrow();
    server.answer = (response) => response.end('<html>');
    await expect(fetchKeySet(server.url)).rejects.toThrow();
  });

  it('that nobody serves is none', async () => {
    await expect(fetchKeySet('http://127.0.0.1:1/')).rejects.toThrow();
  });
});
