import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, open, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { V8_FLAGS } from '../../bin/v8-flags.js';
import { loadConfig } from '../configured.ts';
import { isThere } from '../workers-asked.ts';

const BIN = fileURLToPath(new URL('../../bin/codap.js', import.meta.url));
let folder: string;
const children: ChildProcess[] = [];
const servers: Server[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codap-main-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** A command of its own environment, in a folder without a configuration. */
function start(
  args: readonly string[],
  env: Record<string, string> = {},
  bin = BIN,
  stdin: number | 'pipe' = 'pipe',
): ChildProcess {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: folder,
    env: { PATH, NODE_COMPILE_CACHE, ...env },
    stdio: [stdin, 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

async function run(
  args: readonly string[],
  env?: Record<string, string>,
  bin?: string,
): Promise<{ status: number; out: string; err: string }> {
  const child = start(args, env, bin);
  const output = { out: '', err: '' };
  child.stdout!.on('data', (chunk) => (output.out += String(chunk)));
  child.stderr!.on('data', (chunk) => (output.err += String(chunk)));
  const [status] = (await once(child, 'close')) as [number];
  return { status, ...output };
}

async function configured(yaml: string): Promise<string> {
  const file = join(folder, `${crypto.randomUUID()}.yaml`);
  await writeFile(file, yaml);
  return file;
}

async function store(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** The address a service says it listens on, in its log or its greeting. */
async function addressOf(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const [address] = /http:\/\/(?:127\.0\.0\.1|\[::1\]):\d+/.exec(line) ?? [];
    if (address !== undefined) {
      child.stdout!.resume();
      return address;
    }
  }
  throw new Error('it never listened');
}

const exit = async (child: ChildProcess): Promise<unknown> =>
  child.exitCode === null && child.signalCode === null ? await once(child, 'exit') : [child.exitCode, child.signalCode];

describe('the command line', () => {
  it.each([
    [[]],
    [['fly']],
    [['serve', '--fast']],
    [['serve', 'a', 'b']],
    [['demo', 'a']],
    [['check']],
    [['check', 'a', '--port', '1']],
    [['demo', '--port', '70000']],
    [['key', 'a b']],
    [['key', 'a', 'b']],
  ])('%j cannot be read: exit status 2', async (args) => {
    const { status, out, err } = await run(args);
    expect(status).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/^codap: .+\nTry: codap --help\n$/);
  });

  it.each([
    [['serve', ''], 'an empty word names nothing'],
    [['check', ''], 'an empty word names nothing'],
    [['key', ''], 'an empty word names nothing'],
    [['serve', '--fast'], '--fast is not known; allowed here: --host, --port'],
    [['check', 'a', '-p'], '-p is not known; allowed here: --ping'],
    [['demo', '--port'], '--port needs a value'],
    [['key', '--port'], '--port is not known; allowed here: none'],
    [['demo', '--host', '--port', '1'], '--host needs a value'],
    [['check', 'a', '--ping=yes'], '--ping takes no value'],
  ])('%j is told what is allowed', async (args, message) => {
    expect((await run(args)).err).toBe(`codap: ${message}\nTry: codap --help\n`);
  });

  it('helps', async () => {
    for (const args of [['--help'], ['help'], ['help', 'serve'], ['serve', '--help'], ['check', '-h']]) {
      const { status, out } = await run(args);
      expect(status).toBe(0);
      expect(out).toContain('codap check <file> [--ping]');
    }
  });

  it('tells its version', async () => {
    expect(await run(['--version'])).toMatchObject({
      status: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string,
    });
  });
});

it('prints the JSON Schema of a configuration', async () => {
  const { status, out } = await run(['schema']);
  expect(status).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ properties: { sources: { type: 'object' } } });
});

describe('key', () => {
  it.each([[[]], [['web']], [['null']]])(
    '%j prints a new key, and its hash as a configuration takes it',
    async (names) => {
      const [one, other] = await Promise.all([run(['key', ...names]), run(['key', ...names])]);
      expect([one.status, one.err]).toEqual([0, '']);
      const [key = '', yaml = '', ...rest] = one.out.split('\n');
      expect(key).toMatch(/^codap_[\w-]{43}$/);
      expect(rest).toEqual(['']);
      expect(other.out).not.toContain(key);
      const entry = names.length === 0 ? `web: { ${yaml} }` : yaml;
      const { callers } = await loadConfig(await configured(`callers:\n  ${entry}\n`));
      const [[name, caller] = []] = callers!;
      expect(name).toBe(names[0] ?? 'web');
      expect(caller!.keys).toEqual([`sha256:${createHash('sha256').update(key).digest('hex')}`]);
    },
  );
});

describe('serve', () => {
  it('without a configuration is a fault that names codap demo', async () => {
    const { status, err } = await run(['serve']);
    expect(status).toBe(1);
    expect(err).toMatch(/^codap: .*codap demo\n$/);
  });

  it('tells every fault of a configuration, one a line', async () => {
    const { status, err } = await run(['serve'], {
      CODAP_CONFIG: await configured('server: { port: x, host: "${NOPE}" }\nstores: {}\n'),
    });
    expect(status).toBe(1);
    expect(err.trim().split('\n')).toHaveLength(3);
    expect(err).toContain('server.host: the environment variable NOPE is not set');
  });

  it.each([
    [{ PORT: 'x' }, 'PORT'],
    [{ CODAP_PORT: '1e3', PORT: '0' }, 'CODAP_PORT'],
    [{ CODAP_LOG_LEVEL: 'loud' }, 'CODAP_LOG_LEVEL'],
  ])('%j is a fault', async (env, name) => {
    const { status, err } = await run(['serve', await configured('{}')], env);
    expect(status).toBe(1);
    expect(err).toMatch(new RegExp(`^codap: ${name} must be .+\n$`));
  });

  it('on a port in use says so in one line', async () => {
    const { port } = new URL(await store(() => {}));
    const { status, err } = await run(['serve', await configured('{}'), '--port', port]);
    expect(status).toBe(1);
    expect(err).toMatch(new RegExp(`^codap: cannot listen on 127.0.0.1:${port}: the port is in use.*\n$`));
  });

  it('listens where the command line says, before the environment, before the file', async () => {
    const file = await configured('server: { port: 1, host: 192.0.2.1 }');
    const child = start(['serve', file, '--port', '0'], { PORT: '2', CODAP_HOST: '127.0.0.1' });
    const answer = await fetch(`${await addressOf(child)}/health/live`);
    expect(answer.status).toBe(200);
  });

  it.each([
    [[], 421],
    [['--host', 'localhost'], 421],
    [['--host', '0.0.0.0'], 200],
  ])('listening by %j answers another host with %i', async (flags, status) => {
    const child = start(['serve', await configured('server: { host: 127.0.0.1 }'), '--port', '0', ...flags]);
    const { port } = new URL(await addressOf(child));
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('GET /health/live HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
    expect(await text(socket)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  it.each([
    [{}, { MALLOC_ARENA_MAX: '2', UV_THREADPOOL_SIZE: '16' }],
    [
      { MALLOC_ARENA_MAX: '7', UV_THREADPOOL_SIZE: '5' },
      { MALLOC_ARENA_MAX: '7', UV_THREADPOOL_SIZE: '5' },
    ],
  ])('is the process that was started, with the flags for V8 before those for Node.js (%o)', async (given, found) => {
    const file = await configured('{}');
    const env = { ...process.env, ...given };
    const child = spawn(process.execPath, ['--max-semi-space-size=4', BIN, 'serve', file, '--port', '0'], { env });
    children.push(child);
    await addressOf(child);
    const words = (await readFile(`/proc/${child.pid}/cmdline`, 'utf8')).split('\0');
    expect(words.slice(1, -1)).toEqual([...V8_FLAGS, '--max-semi-space-size=4', BIN, 'serve', file, '--port', '0']);
    const told = (await readFile(`/proc/${child.pid}/environ`, 'utf8')).split('\0');
    for (const [name, value] of Object.entries(found)) expect(told).toContain(`${name}=${value}`);
  });

  it.each([
    ['where its parent talks to it', [], ['ignore', 'pipe', 'pipe', 'ipc'] as const],
    ['where it may start no process', ['--permission', '--allow-fs-read=*'], ['ignore', 'pipe', 'pipe'] as const],
  ])('%s it does not begin again', async (_, flags, stdio) => {
    const child = spawn(process.execPath, [...flags, BIN, 'serve', await configured('{}'), '--port', '0'], {
      stdio: [...stdio],
    });
    children.push(child);
    const { status } = await fetch(`${await addressOf(child)}/health/live`);
    expect(status).toBe(200);
    expect(await readFile(`/proc/${child.pid}/cmdline`, 'utf8')).not.toContain(V8_FLAGS[0]);
  });

  it('start serves the configuration that the environment names', async () => {
    const child = start(['start', '--port', '0'], { CODAP_CONFIG: await configured('{}') });
    expect(await (await fetch(`${await addressOf(child)}/sources`)).json()).toEqual({ sources: [] });
  });
});

describe('demo', () => {
  it('without what it is made of says in one line what to install', async () => {
    const there = join(folder, 'service');
    const root = fileURLToPath(new URL('../..', import.meta.url));
    for (const name of ['bin', 'src', 'routes', 'adapters', 'demo', 'package.json'])
      await cp(join(root, name), join(there, name), { recursive: true });
    await mkdir(join(there, 'node_modules'));
    for (const name of await readdir(join(root, 'node_modules'))) {
      if (name !== 'mingo') await symlink(join(root, 'node_modules', name), join(there, 'node_modules', name));
    }
    const bin = join(there, 'bin/codap.js');
    const demo = await run(['demo', '--port', '0'], {}, bin);
    expect(demo).toEqual({ status: 1, out: '', err: expect.stringMatching(/^codap: .*mingo.*npm ci.*\n$/) as string });
    expect((await run(['check', await configured('{}')], {}, bin)).status).toBe(0);
    const child = start(['serve', await configured('{}'), '--port', '0'], {}, bin);
    expect((await fetch(`${await addressOf(child)}/health/live`)).status).toBe(200);
  });
});

describe('check', () => {
  it('says that a configuration is right', async () => {
    const file = await configured('sources: { a: { adapter: rest, url: "http://127.0.0.1:1/" } }');
    expect(await run(['check', file])).toEqual({ status: 0, out: `${file}: ok, 1 source\n`, err: '' });
  });

  it.each([
    [401, '', 'ok (answered 401)'],
    [403, '', 'ok (answered 403)'],
    [503, '', 'ok (answered 503)'],
    [404, '', 'ok    '],
    [405, '', 'ok    '],
    [302, '', 'ok    '],
    // Without a caller's credentials a store that is fine refuses.
    [401, ', forwardHeaders: [authorization]', 'ok    '],
    [403, ', forwardHeaders: [x-tenant]', 'ok    '],
    [503, ', forwardHeaders: [authorization]', 'ok (answered 503)'],
  ])('--ping tells what a REST store that is there answered, where that is %i%s', async (code, own, told) => {
    const url = await store((_request, response) => response.writeHead(code).end());
    const file = await configured(`sources: { api: { adapter: rest, url: "${url}"${own} } }`);
    const { status, out } = await run(['check', file, '--ping']);
    expect(status).toBe(0);
    expect(out.replace(/\d+\.\d ms/, '… ms')).toBe(`api  rest  ${told}  … ms\n`);
  });

  it('warns of what comes at a price, as the log does when a service starts', async () => {
    const file = await configured('sources: { a: { adapter: rest, url: "http://127.0.0.1:1/", pipelining: 8 } }');
    const { status, out } = await run(['check', file]);
    expect(status).toBe(0);
    expect(out).toMatch(
      /^warning: sources\.a: pipelining: 8 .*a slow answer holds up those behind it.*\n.+: ok, 1 source\n$/,
    );
    const child = start(['serve', file, '--port', '0']);
    const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
    expect(JSON.parse(line)).toMatchObject({
      level: 40,
      source: 'a',
      msg: expect.stringContaining('a slow answer holds up those behind it') as string,
    });
  });

  it('warns of what a template names and nothing gives, as the log does', async () => {
    await writeFile(join(folder, 'page.liquid'), '{{ itm }}');
    const file = await configured(`
sources: { a: { adapter: rest, url: "http://127.0.0.1:1/" } }
server: { workers: 2 }
batches: { b: { pattern: kv, template: page.liquid, queries: { item: { source: a, op: get, params: { path: / } } } } }`);
    const text = 'page.liquid:1:4: nothing is named itm; there are: item, params, codap';
    expect(await run(['check', file])).toEqual({
      status: 0,
      out: `warning: batches.b: ${text}\n${file}: ok, 1 source, 1 batch\n`,
      err: '',
    });
    const lines: unknown[] = [];
    const child = start(['serve', file, '--port', '0']);
    for await (const line of createInterface({ input: child.stdout! })) {
      lines.push(JSON.parse(line));
      if (line.includes('listening')) break;
    }
    // Of two workers one tells it.
    expect(lines.filter((line) => (line as { level: number }).level === 40)).toEqual([
      expect.objectContaining({ batch: 'b', msg: text }),
    ]);
  });

  it('--ping tells of every source whether it answers, and fails if one does not', async () => {
    const url = await store((_request, response) => response.end());
    const up = await configured(`sources: { long-name: { adapter: rest, url: "${url}" } }`);
    expect(await run(['check', up, '--ping'])).toMatchObject({
      status: 0,
      out: expect.stringMatching(/^long-name {2}rest {2}ok {6}\d+\.\d ms\n$/) as string,
    });
    const one = await configured(
      `sources: { a: { adapter: rest, url: "http://127.0.0.1:1/" }, b: { adapter: rest, url: "${url}" } }`,
    );
    const { status, out } = await run(['check', one, '--ping']);
    expect(status).toBe(1);
    const why = 'UNAVAILABLE  no connection to the store, or its answer was cut \\(ECONNREFUSED\\)';
    expect(out).toMatch(
      new RegExp(`^a {2}rest {2}failed {2}\\d+\\.\\d ms {2}${why}\\nb {2}rest {2}ok {6}\\d+\\.\\d ms\\n$`),
    );
  });
});

describe('a signal', () => {
  const BATCH = { queries: { a: { source: 'slow', op: 'get', params: { path: '/' } } }, timeoutMs: 20_000 };

  /** A service with a batch under way that ends when it is told. */
  async function busy(server: string) {
    const asked = Promise.withResolvers<() => void>();
    const url = await store((_request, response) => asked.resolve(() => response.end('"late"')));
    const child = start([
      'serve',
      await configured(`server: { ${server} }\nsources: { slow: { adapter: rest, url: "${url}", timeoutMs: 20000 } }`),
      '--port',
      '0',
    ]);
    const address = await addressOf(child);
    const answer = fetch(`${address}/kv`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(BATCH),
    });
    answer.catch(() => {});
    return { child, address, answer, finish: await asked.promise };
  }

  it.each(['SIGTERM', 'SIGINT'] as const)('%s ends an idle service', async (signal) => {
    const child = start(['serve', await configured('{}'), '--port', '0']);
    await addressOf(child);
    child.kill(signal);
    expect(await exit(child)).toEqual([0, null]);
  });

  it('fails readiness at once and lets the running answer finish', async () => {
    const { child, address, answer, finish } = await busy('graceMs: 20000');
    child.kill('SIGTERM');
    let ready: Response;
    do ready = await fetch(`${address}/health/ready`);
    while (ready.status === 200);
    expect(ready.status).toBe(503);
    finish();
    const { status, headers } = await answer;
    expect(status).toBe(200);
    expect(headers.get('connection')).toBe('close');
    const finished = performance.now();
    expect(await exit(child)).toEqual([0, null]);
    expect(performance.now() - finished).toBeLessThan(2000);
  });

  it('ends the service when graceMs is over', async () => {
    const { child, answer } = await busy('graceMs: 200');
    child.kill('SIGTERM');
    expect(await exit(child)).toEqual([1, null]);
    const { status, headers } = await answer;
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
  });

  it('a second time ends it at once', async () => {
    const { child, address } = await busy('graceMs: 20000');
    child.kill('SIGTERM');
    while ((await fetch(`${address}/health/ready`)).status === 200);
    child.kill('SIGTERM');
    expect(await exit(child)).toEqual([1, null]);
  });

  it('SIGHUP has it read its file again, and keep the old one where that has a fault', async () => {
    const file = await configured('{}');
    const child = start(['serve', file, '--port', '0']);
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await lines.next()).value as string) as Record<string, unknown>;
    const [, address] = /listening at (.*)/.exec(String((await next())['msg'])) as unknown as [string, string];
    const sources = async () => (await fetch(`${address}/sources`)).json();
    await writeFile(file, 'sources: { a: { adapter: 4711 } }');
    child.kill('SIGHUP');
    expect(await next()).toMatchObject({
      level: 50,
      faults: [{ path: 'sources.a.adapter', detail: expect.not.stringContaining('4711') as string }],
      msg: 'the new configuration has faults: the old one stays in force',
    });
    expect(await sources()).toEqual({ sources: [] });
    await writeFile(file, 'sources: { a: { adapter: rest, url: "http://127.0.0.1:1/" } }');
    child.kill('SIGHUP');
    expect(await next()).toMatchObject({ level: 30, sources: ['a'], batches: [] });
    expect(await sources()).toMatchObject({ sources: [{ name: 'a' }] });
  });

  describe.runIf(process.platform === 'linux')('SIGHUP, of what a terminal has started,', () => {
    const first = `
      import { openSync } from 'node:fs';
      if (process.env.FULL) process.on('SIGWINCH', () => {
        try {
          for (;;) openSync('/dev/null');
        } catch {}
        console.log('"full"');
      });
    `;
    const terminal = 'import pty, sys; pty.spawn(["sh", "-c", "ulimit -n 160; exec \\"$@\\"", *sys.argv])';

    /** Starts it in a terminal of its own, and may have it open all the files that it can. */
    async function startInTerminal(isFull: boolean) {
      const codap = [process.execPath, BIN, 'serve', await configured('{}'), '--port', '0'];
      const { PATH, NODE_COMPILE_CACHE } = process.env;
      const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(first)}`;
      const env = { PATH, NODE_COMPILE_CACHE, ...(isFull && { NODE_OPTIONS, FULL: 'true' }) };
      const child = spawn('python3', ['-c', terminal, ...codap], { env, stdio: ['ignore', 'pipe', 'inherit'] });
      children.push(child);
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const next = async () => JSON.parse((await lines.next()).value as string) as Record<string, unknown>;
      const { pid, msg } = (await next()) as { pid: number; msg: string };
      expect(msg).toMatch(/^Server listening/);
      if (isFull) {
        process.kill(pid, 'SIGWINCH');
        expect(await next()).toBe('full');
      }
      return { child, pid, next };
    }

    it.each([
      [false, 'the configuration was read again, and is in force'],
      [true, 'the new configuration has faults: the old one stays in force'],
    ])('has it read its file again while that is there, also where it can open no file: %s', async (isFull, msg) => {
      const { pid, next } = await startInTerminal(isFull);
      process.kill(pid, 'SIGHUP');
      expect(await next()).toMatchObject({ msg });
      process.kill(pid, 'SIGTERM');
      expect(await next()).toMatchObject({ msg: 'draining' });
    });

    /** Has a process get SIGHUP as it begins to load what heeds it. */
    const early = `
      import { registerHooks } from 'node:module';
      registerHooks({
        load(url, context, next) {
          if (url.endsWith('/src/main.ts')) process.kill(process.pid, 'SIGHUP');
          return next(url, context);
        },
      });
    `;

    it.each([
      [true, 'ends it'],
      [false, 'and none has started does not end it'],
    ])('at the first moment, by a terminal: %s, %s', async (hasTerminal) => {
      const codap = [process.execPath, BIN, 'serve', await configured('{}'), '--port', '0'];
      const { PATH, NODE_COMPILE_CACHE } = process.env;
      const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(early)}`;
      const [command = '', ...args] = hasTerminal ? ['python3', '-c', terminal, ...codap] : codap;
      const env = { PATH, NODE_COMPILE_CACHE, NODE_OPTIONS };
      // In a session of its own it has no terminal.
      const child = spawn(command, args, { env, detached: true });
      children.push(child);
      let told = '';
      for await (const line of createInterface({ input: child.stdout })) {
        told += line;
        if (told.includes('listening')) child.kill('SIGTERM');
      }
      expect(told.includes('listening')).toBe(!hasTerminal);
    });

    it.each([false, true])('ends it as that is closed, also where it can open no file: %s', async (isFull) => {
      const { child, pid } = await startInTerminal(isFull);
      child.kill('SIGKILL');
      while (isThere(pid)) await pause(20);
    });
  });

  it('SIGHUP is told to the demo in vain', async () => {
    const child = start(['demo', '--port', '0']);
    const address = await addressOf(child);
    const line = once(createInterface({ input: child.stdout! }), 'line') as Promise<[string]>;
    child.kill('SIGHUP');
    expect(JSON.parse((await line)[0])).toMatchObject({ level: 40, msg: expect.stringContaining('no file') as string });
    expect((await fetch(`${address}/health/live`)).status).toBe(200);
  });

  it('ends it while it is still starting', async () => {
    const pipe = join(await mkdtemp(join(folder, 'pipe-')), 'codap.yaml');
    await promisify(execFile)('mkfifo', [pipe]);
    const end = await open(pipe, 'r+');
    const child = start(['serve', '/dev/stdin'], {}, BIN, end.fd);
    // More than a pipe holds: written once the service has begun to read its configuration.
    await end.write('#'.repeat(100_000));
    child.kill('SIGTERM');
    expect(await exit(child)).toEqual([0, null]);
    await end.close();
  });
});
