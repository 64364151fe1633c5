import { afterAll, beforeAll, describe } from 'vitest';
import { startRest } from '../../demo/rest/server.ts';
import { Placeholder } from '../../src/store/placeholder.ts';
import { commonSuite } from '../adapter-suite/common.ts';

const BYTES = 4_000_000;

describe('the rest adapter on the embedded server', () => {
  let server: Awaited<ReturnType<typeof startRest>>;
  beforeAll(async () => {
    server = await startRest();
  });
  afterAll(() => server.stop());

  commonSuite(
    {
      nowhere: { url: 'http://127.0.0.1:1/' },
      value: { op: 'get', params: { path: '/text' }, json: 'Grüße from the demo\n' },
      faulty: { op: 'get', params: { path: '/a/../b' }, at: 'path' },
      later: {
        op: 'get',
        params: (id) => ({ path: ['users', id], query: { a: 1 } }),
        sent: (id) => ({ path: new Placeholder('$join', ['/users/', id, '?a=1']) }),
      },
      contents: {
        own: { openapi: 'demo/rest/catalog.yaml' },
        told: { paths: { '/products': { get: { parameters: [{ name: 'category' }, { name: 'ids' }] } } } },
        value: 'B-101',
      },
      missing: { op: 'get', params: { path: '/nothing' } },
      flows: [{ op: 'get', params: { path: '/big', query: { bytes: BYTES } }, want: 'body', size: BYTES }],
    },
    (own) => ({ adapter: 'rest', url: `http://127.0.0.1:${server.port}/`, ...own }),
  );
});
