import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe } from 'vitest';
import { Placeholder } from '../../src/store/placeholder.ts';
import { freePort } from '../../stores/free-port.ts';
import { ProcessHandle } from '../../stores/process-handle.ts';
import { commonSuite } from '../adapter-suite/common.ts';

const TEXT = 'Grüße\n';
const BYTES = 4_000_000;

/** Python's own server of files, which was written without a thought of codap. */
async function serveFiles(folder: string, port: number): Promise<ProcessHandle> {
  await writeFile(join(folder, 'text.txt'), TEXT);
  await writeFile(join(folder, 'film.bin'), Buffer.alloc(BYTES, 7));
  const where = ['--bind', '127.0.0.1', '--directory', folder, '--protocol', 'HTTP/1.1'];
  return ProcessHandle.start({
    command: 'python3',
    args: ['-m', 'http.server', String(port), ...where],
    output: join(folder, 'server.log'),
    async ready(signal) {
      const answers = () =>
        fetch(`http://127.0.0.1:${port}/text.txt`, { signal }).then(
          ({ ok }) => ok,
          () => false,
        );
      while (!(await answers())) await pause(20, undefined, { signal });
    },
  });
}

describe('the rest adapter on a real server', () => {
  let folder: string;
  let port: number;
  let server: ProcessHandle;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'codap-rest-'));
    port = await freePort();
    server = await serveFiles(folder, port);
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  commonSuite(
    {
      nowhere: { url: 'http://127.0.0.1:1/' },
      value: { op: 'get', params: { path: '/text.txt' }, json: TEXT },
      faulty: { op: 'get', params: { path: '/a/../b' }, at: 'path' },
      later: {
        op: 'get',
        params: (name) => ({ path: [name], query: { a: name } }),
        sent: (name) => ({ path: new Placeholder('$join', ['/', name, '?a=', name]) }),
      },
      contents: {
        own: { openapi: 'demo/rest/catalog.yaml' },
        told: { paths: { '/products': { get: { parameters: [{ name: 'category' }, { name: 'ids' }] } } } },
        value: 'B-101',
      },
      missing: { op: 'get', params: { path: '/nothing' } },
      flows: [{ op: 'get', params: { path: '/film.bin' }, want: 'body', size: BYTES }],
    },
    (own) => ({ adapter: 'rest', url: `http://127.0.0.1:${port}/`, ...own }),
  );
});
