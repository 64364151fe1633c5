import { execFile, execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it, vi } from 'vitest';
import { readFile, readInTurn, whyUnread } from '../../src/ground/read-file.ts';
import { loadConfig } from '../configured.ts';

const folder = mkdtempSync(join(tmpdir(), 'codap-read-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
execFileSync('mkfifo', [at('pipe')]);
writeFileSync(at('full'), 'x'.repeat(64));
writeFileSync(at('large'), '');
truncateSync(at('large'), 65);
symlinkSync(at('full'), at('link'));
symlinkSync(at('nowhere'), at('dangling'));

const why = (reading: Promise<unknown>) => reading.then(() => 'it was read', whyUnread);

it.each([
  ['full', 'it was read'],
  ['link', 'it was read'],
  ['large', 'more than 64 bytes'],
  ['pipe', 'no ordinary file'],
  ['.', 'EISDIR'],
  ['nowhere', 'ENOENT'],
  ['dangling', 'a symbolic link that leads nowhere'],
  ['/dev/zero', 'no ordinary file'],
  // It has no size before it is read.
  ['/proc/self/limits', 'more than 64 bytes'],
])('an ordinary file of so many bytes is read, and nothing keeps who reads waiting: %s', async (name, told) => {
  expect(await why(readFile(name.startsWith('/') ? name : at(name), 64))).toBe(told);
});

it.skipIf(process.platform !== 'linux')('a file whose size is told as 0 is read in large pieces', async () => {
  const file = await open('/proc/self/limits');
  const read = vi.spyOn(Object.getPrototypeOf(file) as FileHandle, 'read');
  try {
    await file.close();
    expect(String(await readFile('/proc/self/limits', 2 ** 20))).toContain('Max open files');
    expect(read.mock.calls.length).toBeLessThan(5);
  } finally {
    read.mockRestore();
  }
});

it('reads come one after the other, and one that hangs keeps none but those of its folder for long', async () => {
  vi.useFakeTimers();
  try {
    const began: string[] = [];
    const read = (path: string, result: Promise<string>) =>
      why(
        readInTurn(path, () => {
          began.push(path);
          return result;
        }),
      );
    const hung = Promise.withResolvers<string>();
    const first = read('/a/1', hung.promise);
    const second = read('/a/2', Promise.resolve('it'));
    const third = read('/b/1', Promise.resolve('it'));
    await vi.advanceTimersByTimeAsync(9999);
    expect(began).toEqual(['/a/1']);
    await vi.advanceTimersByTimeAsync(1);
    expect(await Promise.all([first, second, third])).toEqual([
      'it has not answered within 10 s',
      'one before it has not answered yet',
      'it was read',
    ]);
    const other = read('/c/1', hung.promise);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([await other, await read('/d/1', Promise.resolve('it'))]).toEqual([
      'it has not answered within 10 s',
      'one before it has not answered yet',
    ]);
    hung.resolve('it');
    await vi.advanceTimersByTimeAsync(0);
    expect(await read('/a/1', Promise.resolve('it'))).toBe('it was read');
    expect(began).toEqual(['/a/1', '/b/1', '/c/1', '/a/1']);
  } finally {
    vi.useRealTimers();
  }
});

it('a read that hangs does not keep the process from its exit, nor from its status', async () => {
  const module = new URL('../../src/ground/read-file.ts', import.meta.url).href;
  const program = `
    import { open } from 'node:fs/promises';
    import { readInTurn } from ${JSON.stringify(module)};
    readInTurn('pipe', () => open('pipe'));
    setTimeout(() => process.exit(3), 20);`;
  const ended = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    cwd: folder,
    timeout: 10_000,
    killSignal: 'SIGKILL',
  });
  await expect(ended).rejects.toMatchObject({ code: 3, signal: null });
});

it('a configuration from a pipe names files from where the process stands', async () => {
  writeFileSync(at('batch.yaml'), 'pattern: kv\nqueries: {}');
  writeFileSync(at('api.json'), '{"openapi": "3.1.0", "paths": {}}');
  const end = openSync(at('pipe'), constants.O_RDONLY | constants.O_NONBLOCK);
  const from = (name: string) => relative(process.cwd(), at(name));
  const web = { adapter: 'rest', url: 'http://127.0.0.1:9/', openapi: from('api.json') };
  try {
    const loading = loadConfig(`/dev/fd/${end}`);
    writeFileSync(at('pipe'), JSON.stringify({ sources: { web }, batches: { one: from('batch.yaml') } }));
    const { folder: start, sources, batches } = await loading;
    expect(start).toBe('.');
    expect(sources['web']).toMatchObject({ openapi: { openapi: '3.1.0' } });
    expect(batches).toMatchObject([{ faults: [], json: Buffer.from('{"pattern":"kv","queries":{}}') }]);
  } finally {
    closeSync(end);
  }
});

it('a configuration may come from a pipe that the process was given, once', async () => {
  const end = openSync(at('pipe'), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const loading = loadConfig(`/dev/fd/${end}`);
    writeFileSync(at('pipe'), 'server: { port: 9 }');
    expect((await loading).server.port).toBe(9);
    await expect(loadConfig(`/dev/fd/${end}`)).rejects.toThrow(
      `/dev/fd/${end}: cannot be read (nothing comes from this pipe: what it held was read before; workers and SIGHUP need a file that can be read again)`,
    );
    await expect(loadConfig(at('pipe'))).rejects.toThrow('cannot be read (no ordinary file)');
  } finally {
    closeSync(end);
  }
});
