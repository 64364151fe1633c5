import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { synthetic } from '../../demo/synthetic.ts';
import { type Service, startService } from '../service.ts';
import { askBytes } from './bytes.ts';

const film = Buffer.concat([...synthetic(0, 3_000_000)]);

const ORIGIN = 'https://app.example';
/** What any page may read (Fetch standard, CORS-safelisted response-header names), and what none looks at. */
const READ_ANYHOW = ['cache-control', 'content-length', 'content-type', 'last-modified'];
const FOR_NO_PAGE = ['connection', 'content-security-policy', 'date', 'keep-alive', 'vary', 'x-content-type-options'];

let stores: Stores;
let service: Service;
beforeAll(async () => {
  stores = await startStores();
  await stores.putSynthetic('files', 'film.bin', film.length);
  await stores.putObject('files', 'page.html', '<script>alert(1)</script>', { contentType: 'text/html' });
  service = await startService({ stores, server: { corsOrigins: [ORIGIN] }, limits: { streamIdleMs: 300 } });
});
afterAll(async () => {
  await service.close();
  await stores.close();
});
afterEach(() => stores.clearFaults());

const file = (params: object) => ({ source: 'files', op: 'getObject', params });

const ask = (body: object, headers: Record<string, string> = {}) =>
  askBytes(`${service.url}/kv`, body, 'application/octet-stream', headers);

describe('raw bytes', () => {
  it('are the stored ones, with their type, length and ETag, and harmless in a browser', async () => {
    const page = await ask({ queries: { page: file({ key: 'page.html' }) } });
    expect(page.status).toBe(200);
    expect(page.headers).toMatchObject({
      'content-type': 'text/html',
      'content-length': '25',
      etag: expect.stringMatching(/^".+"$/),
      'x-content-type-options': 'nosniff',
      'content-security-policy': 'sandbox',
      'content-disposition': expect.stringMatching(/^attachment/),
      'cache-control': 'no-store',
      'codap-complete': 'true',
      'server-timing': expect.stringContaining('files;dur='),
    });
    expect(String(await page.read())).toBe('<script>alert(1)</script>');
    expect((await (await ask({ queries: { film: file({ key: 'film.bin' }) } })).read()).equals(film)).toBe(true);
  });

  it('are a part where the query asks for one; the caller’s own Range is ignored', async () => {
    const part = await ask({ queries: { film: file({ key: 'film.bin', range: 'bytes=1000-1999' }) } });
    expect(part.status).toBe(206);
    expect(part.headers).toMatchObject({ 'content-range': 'bytes 1000-1999/3000000', 'content-length': '1000' });
    expect((await part.read()).equals(film.subarray(1000, 2000))).toBe(true);
    const whole = await ask({ queries: { film: file({ key: 'film.bin' }) } }, { range: 'bytes=0-9' });
    expect([whole.status, (await whole.read()).length]).toEqual([200, film.length]);
  });

  it('tell a page of another origin all that their headers say of them', async () => {
    const part = file({ key: 'film.bin', range: 'bytes=0-9' });
    const answer = await ask({ queries: { film: part } }, { origin: ORIGIN });
    await answer.read();
    const { headers } = answer;
    const exposed = headers['access-control-expose-headers']!.split(', ');
    const known = new Set([...exposed, ...READ_ANYHOW, ...FOR_NO_PAGE]);
    expect(headers).toHaveProperty('content-range');
    expect(Object.keys(headers).filter((name) => !known.has(name) && !name.startsWith('access-control-'))).toEqual([]);
  });

  it('are for a batch with one reply, a store’s body: else 406', async () => {
    const two = await ask({ queries: { a: file({ key: 'film.bin' }), b: file({ key: 'film.bin' }) } });
    const list = await ask({ queries: { a: { source: 'files', op: 'listObjects', params: {} } } });
    for (const answer of [two, list]) {
      expect([answer.status, answer.headers['content-type']]).toEqual([406, 'application/problem+json; charset=utf-8']);
      await answer.read();
    }
  });

  it('that are not there are problem+json', async () => {
    const answer = await ask({ queries: { a: file({ key: 'not-there' }) } });
    expect(answer.status).toBe(404);
    expect(JSON.parse(String(await answer.read()))).toMatchObject({ code: 'NOT_FOUND', source: 'files' });
  });

  it('are none where the store says that nothing has changed: 304', async () => {
    const { etag } = (await ask({ queries: { film: file({ key: 'film.bin' }) } })).headers;
    const same = await ask({ queries: { film: file({ key: 'film.bin', ifNoneMatch: etag }) } });
    expect([same.status, same.headers['etag'], (await same.read()).length]).toEqual([304, etag, 0]);
  });

  it('give way to what else the client takes where they are not the one reply', async () => {
    const queries = { a: file({ key: 'page.html' }), b: file({ key: 'page.html' }) };
    const answer = await ask({ queries }, { accept: 'application/octet-stream, application/x-ndjson;q=0.5' });
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/x-ndjson']);
  });

  it('tell of a hidden query that failed', async () => {
    const hidden = { ...file({ key: 'nowhere' }), hidden: true };
    const page = await ask({ queries: { hidden, page: file({ key: 'page.html' }) } });
    expect([page.status, page.headers['codap-complete']]).toEqual([200, 'false']);
  });

  it('name the query whose body is not there', async () => {
    const answer = await ask({ queries: { film: file({ key: 'nowhere' }) } });
    expect(JSON.parse(String(await answer.read()))).toMatchObject({ status: 404, code: 'NOT_FOUND', path: '/film' });
  });

  it('that do not come by the deadline name their query and source', async () => {
    await stores.addFault({ store: 's3', match: 'GetObject', fault: { kind: 'stall' } });
    const answer = await ask({ timeoutMs: 200, queries: { film: file({ key: 'film.bin' }) } });
    const problem = JSON.parse(String(await answer.read()));
    expect(problem).toMatchObject({ status: 504, code: 'TIMEOUT', source: 'files', path: '/film' });
  });

  it('begin by the batch’s deadline, though the query had to wait for another one', async () => {
    await stores.addFault({ store: 's3', match: 'HeadObject', fault: { kind: 'delay', ms: 200 } });
    await stores.addFault({ store: 's3', match: 'GetObject', fault: { kind: 'stall' } });
    const head = { source: 'files', op: 'headObject', params: { key: 'page.html' }, hidden: true };
    const film = file({ key: { $join: [{ $result: '/head/size' }, '.bin'] } });
    const began = performance.now();
    const answer = await ask({ timeoutMs: 300, queries: { head, film } });
    expect([answer.status, performance.now() - began < 400]).toEqual([504, true]);
  });

  it.each([{ kind: 'cut', afterBytes: 500_000 } as const, { kind: 'drip', bytesPerSecond: 1 } as const])(
    'that break never pass as whole: %o',
    async (fault) => {
      await stores.addFault({ store: 's3', match: 'GetObject film.bin', fault });
      const answer = await ask({ queries: { film: file({ key: 'film.bin' }) } });
      expect(answer.status).toBe(200);
      expect(await answer.ends()).toBe('cut');
    },
  );
});
