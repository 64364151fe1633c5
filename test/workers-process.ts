import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const BIN = fileURLToPath(new URL('../bin/codap.js', import.meta.url));

/** A line of the log, with what these tests look at. */
export interface Line {
  readonly pid: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** `codap serve` with workers, and the store that it asks: `/soon` answers at once, `/held` when told. */
export interface WorkersProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  /** All that it has logged. */
  readonly lines: readonly Line[];
  /** What it wrote to standard error, once it has ended. */
  readonly stderr: Promise<string>;
  /** Its exit status and the signal that ended it. */
  readonly ended: Promise<[number | null, string | null]>;
  /** Resolves once it and all of its workers have ended. */
  readonly empty: Promise<unknown>;
  /** The answers that the store holds back. */
  readonly held: ReadonlySet<ServerResponse>;
  /** How many connections the store has. */
  connections(): Promise<number>;
  /** Writes its configuration anew, with these fields; one that is a text is written as it is. */
  configure(more: object | string): Promise<void>;
  /** The address that it tells. */
  address(): Promise<string>;
  /** Resolves to the first line that is so, once it is there. */
  line(is: (line: Line) => boolean): Promise<Line>;
  /** Resolves once the store holds so many answers back. */
  holding(count: number): Promise<void>;
  /** The processes that it started and that are there. */
  workers(): Promise<number[]>;
}

/** What a test says of the process. */
export interface WorkersOptions {
  readonly server?: object;
  /** A program that each of the processes runs first. */
  readonly first?: string;
  /** How many files and connections each of them may have open. */
  readonly files?: number;
  readonly args?: readonly string[];
}

/** Starts it on a free port, in a process group of its own. */
export async function startWorkers({ server, first, files, args = [] }: WorkersOptions = {}): Promise<WorkersProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'codap-workers-'));
  const held = new Set<ServerResponse>();
  const store = createServer((call, answer) => {
    if (call.url !== '/held') return answer.end('"soon"');
    held.add(answer);
    return store.emit('held');
  }).listen(0, '127.0.0.1');
  await once(store, 'listening');
  const url = `http://127.0.0.1:${(store.address() as AddressInfo).port}/`;
  const file = join(folder, 'codap.yaml');
  const sources = { slow: { adapter: 'rest', url, timeoutMs: 20_000, coalesce: false } };
  const configure: WorkersProcess['configure'] = (more) => {
    const config = { server: { workers: 2, timeoutMs: 20_000, port: 0, ...server }, sources };
    return writeFile(file, typeof more === 'string' ? more : JSON.stringify(merged(config, more)));
  };
  await configure({});
  const imports = first === undefined ? [] : [`--import=data:text/javascript,${encodeURIComponent(first)}`];
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const limit = files === undefined ? '' : `ulimit -n ${files}; `;
  const child = spawn(
    'sh',
    ['-c', `${limit}exec "$0" "$@"`, process.execPath, ...imports, BIN, 'serve', file, ...args],
    {
      env: { PATH, NODE_COMPILE_CACHE },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    },
  );
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  // All of them write to the same output.
  const empty = once(child, 'close');
  const stderr = text(child.stderr);
  const lines: Line[] = [];
  const log = createInterface({ input: child.stdout });
  log.on('line', (line) => lines.push(JSON.parse(line) as Line));

  const line = async (is: (line: Line) => boolean): Promise<Line> => {
    for (;;) {
      const found = lines.find(is);
      if (found) return found;
      await once(log, 'line');
    }
  };
  return {
    child,
    lines,
    stderr,
    ended,
    empty,
    held,
    connections: promisify(store.getConnections.bind(store)),
    configure,
    line,
    async address() {
      return (await line(({ msg }) => msg.startsWith('Server listening'))).msg.slice('Server listening at '.length);
    },
    async holding(count) {
      while (held.size < count) await once(store, 'held');
    },
    async workers() {
      const children = `/proc/${child.pid}/task/${child.pid}/children`;
      return existsSync(children) ? (await readFile(children, 'utf8')).split(' ').filter(Boolean).map(Number) : [];
    },
    async [Symbol.asyncDispose]() {
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // All of the group have ended.
      }
      await empty;
      store.closeAllConnections();
      store.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Two levels of a configuration: the sections, and what stands in them. */
function merged(config: Record<string, object>, more: object): object {
  const sections = Object.entries(more).map(([name, section]) => [name, { ...config[name], ...(section as object) }]);
  return { ...config, ...Object.fromEntries(sections) };
}
