import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mediaTypes } from '../../src/encodings/index.ts';
import { readMetrics, valueIn } from '../observe/open-metrics.ts';
import { type Answer, type Service, startService } from '../service.ts';

interface Line {
  readonly msg: string;
  readonly batch?: string;
  readonly complete?: boolean;
  readonly status?: string;
  readonly failed?: string;
}

const RAW = 'application/octet-stream';
/** Those whose headers tell whether they are complete: an archive and a stream tell within. */
const TELLS = new Set(['application/json', 'text/csv', RAW]);

const get = (path: string, more: object = {}) => ({ source: 'catalog', op: 'get', params: { path }, ...more });
const list = get('/products');
const nothing = get('/nowhere');

/** Each is a batch whose one reply shown is left out by choice. */
const LEFT_OUT: [string, string, object][] = [
  ['by when', '/kv', { queries: { a: { ...list, when: false } } }],
  ['by unless', '/ordered', { queries: [{ ...list, unless: true }] }],
  ['by when, under first-reply', '/first-reply', { queries: [{ ...list, when: { equals: [1, 2] } }] }],
  [
    'with what it refers to',
    '/kv',
    {
      queries: {
        a: get('/products', { params: { path: ['products', { $result: '/b' }] } }),
        b: get('/products', { when: false, hidden: true }),
      },
    },
  ],
  ['although it is required', '/kv', { onError: 'fail', queries: { a: { ...list, when: false, required: true } } }],
];

let service: Service;
const lines: Line[] = [];
beforeAll(async () => {
  const params = { cat: { type: 'string', required: false } };
  const saved = (rows: object) => ({ pattern: 'kv', maxAgeSeconds: 60, params, queries: { rows } });
  service = await startService({
    lines,
    server: { mcp: true },
    batches: {
      asked: { ...saved({ ...list, when: { $param: '/cat' } }), tool: true },
      needed: saved(get('/products', { params: { path: ['products', { $param: '/cat' }] } })),
    },
  });
});
afterAll(() => service.close());

/** What an answer says of itself. */
const told = ({ status, headers }: Answer) => ({ status, complete: headers['codap-complete'] });

describe.each(mediaTypes)('a reply that is left out, as %s,', (accept) => {
  const complete = TELLS.has(accept) ? 'true' : undefined;

  it.each(LEFT_OUT)('is a complete answer where it is left out %s', async (_how, path, body) => {
    const answer = await service.post(path, body, { accept: `${accept}, application/problem+json;q=0.1` });
    expect(told(answer), answer.text).toEqual({ status: 200, complete });
    expect(answer.headers['content-type']).toMatch(accept);
    expect(answer.text).not.toMatch(/_INCOMPLETE|"complete":false/);
  });

  it.each(['GET', 'HEAD'])('is the same to %s of a saved batch', async (method) => {
    const answer = await service.get('/batches/asked', { accept }, method);
    expect(told(answer), answer.text).toEqual({ status: 200, complete });
  });
});

describe.each(['text/csv', RAW])('%s', (accept) => {
  it('of a reply that is left out is empty', async () => {
    const answer = await service.post('/kv', { queries: { a: { ...list, when: false } } }, { accept });
    expect([answer.text, answer.headers['content-length']]).toEqual(['', '0']);
    expect(answer.headers).not.toHaveProperty('etag');
  });

  it('is not given up for what else the client takes', async () => {
    const other = `${accept}, application/json;q=0.5`;
    const answer = await service.post('/kv', { queries: { a: { ...list, when: false } } }, { accept: other });
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([
      200,
      expect.stringContaining(accept),
      '',
    ]);
  });

  it('beside a hidden failure is incomplete, and no failed batch', async () => {
    const queries = { b: { ...nothing, hidden: true }, a: { ...list, when: false } };
    const answer = await service.post('/kv', { queries }, { accept });
    expect([told(answer), answer.text]).toEqual([{ status: 200, complete: 'false' }, '']);
  });

  it('of a race that a hidden query has won is empty', async () => {
    const queries = [
      { ...list, hidden: true },
      { ...list, when: false },
    ];
    const answer = await service.post('/first-reply', { take: 1, queries }, { accept });
    expect([told(answer), answer.text]).toEqual([{ status: 200, complete: 'true' }, '']);
  });

  it.each([
    ['what it refers to has failed', { a: { ...list, unless: { $result: '/b' } }, b: { ...nothing, hidden: true } }],
    ['it has failed', { a: nothing }],
    ['no member of its race can win', { a: { pattern: 'first-reply', take: 1, queries: [{ ...list, when: false }] } }],
    [
      'its race has a member that has failed',
      { a: { pattern: 'first-reply', take: 1, queries: [{ ...list, when: false }, nothing] } },
    ],
  ])('where %s is a failed answer', async (_why, queries) => {
    const answer = await service.post('/kv', { queries }, { accept });
    expect(told(answer), answer.text).toEqual({ status: 404, complete: 'false' });
    expect(answer.json()).toMatchObject({ title: 'Not Found', path: expect.stringMatching(/^\/a/) as string });
  });
});

describe('a nested race that a hidden query may win', () => {
  const hidden = { ...list, hidden: true };
  const race = { pattern: 'first-reply', take: 1, queries: [hidden, { ...list, when: false }] };

  it.each([
    ['by itself', race],
    ['in a race', { pattern: 'first-reply', take: 1, queries: [race] }],
  ])('is no body, %s: it is answered in what else the client takes', async (_where, a) => {
    const queries = { a };
    const alone = await service.post('/kv', { queries }, { accept: RAW });
    expect(alone.status).toBe(406);
    const other = await service.post('/kv', { queries }, { accept: `${RAW}, application/json;q=0.5` });
    expect(other.json()).toMatchObject({ complete: true, results: { a: { value: { 0: { id: 'B-101' } } } } });
  });
});

describe('of a saved batch', () => {
  it.each(['csv', 'bin'])(
    '.%s without the parameter that it depends on is complete, in log and metrics',
    async (end) => {
      const outcomes = async (outcome: string) => {
        const families = readMetrics((await service.get('/metrics')).text);
        return valueIn(families, 'codap_batches_total', { batch: 'asked', outcome }) ?? 0;
      };
      const before = await outcomes('complete');
      lines.length = 0;
      const answer = await service.get(`/batches/asked.${end}`);
      expect([told(answer), answer.text]).toEqual([{ status: 200, complete: 'true' }, '']);
      expect(lines.filter(({ msg }) => msg === 'batch')).toMatchObject([
        { batch: 'asked', complete: true, status: 'ok' },
      ]);
      expect([await outcomes('complete'), await outcomes('failed')]).toEqual([before + 1, 0]);
    },
  );

  it('a table may be kept as any complete one, raw bytes as little as any', async () => {
    const [csv, bin] = [await service.get('/batches/asked.csv'), await service.get('/batches/asked.bin')];
    expect(csv.headers).toMatchObject({ 'cache-control': 'public, max-age=60', etag: expect.any(String) as string });
    expect(bin.headers['cache-control']).toBe('no-store');
    const again = await service.get('/batches/asked.csv', { 'if-none-match': csv.headers['etag']! });
    expect(again.status).toBe(304);
  });

  it.each(['csv', 'bin'])('.%s that needs a parameter it was not given has failed', async (end) => {
    const answer = await service.get(`/batches/needed.${end}`);
    expect(told(answer), answer.text).toEqual({ status: 422, complete: 'false' });
    expect(answer.json()).toMatchObject({ code: 'DEPENDENCY_FAILED', path: '/rows' });
  });

  it('a tool is answered that nothing is missing', async () => {
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'asked', arguments: {} } };
    const answer = await service.post('/mcp', call, { accept: 'application/json, text/event-stream' });
    expect(answer.text).toContain('{\\"complete\\":true,\\"results\\":{\\"rows\\":null}}');
  });
});

it('a store’s answer without content is as empty, as raw bytes, as what is left out', async () => {
  const answer = await service.post('/kv', { queries: { a: get('/no-content') } }, { accept: RAW });
  expect([told(answer), answer.text, answer.headers['content-length']]).toEqual([
    { status: 200, complete: 'true' },
    '',
    '0',
  ]);
});
