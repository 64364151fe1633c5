import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ENVIRONMENT, V8_FLAGS } from '../bin/v8-flags.js';

const BIN = fileURLToPath(new URL('../bin/codap.js', import.meta.url));

/** An hour of load logs a million lines. */
const MOST_LINES = 10_000;

/** `codap serve` in a process of its own. */
export interface CodapProcess extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** The memory it has in use, in bytes. */
  rss(): Promise<number>;
  /** The most it has had in use, in bytes. */
  peakRss(): Promise<number>;
  /** How many files and sockets it has open. */
  openFiles(): Promise<number>;
  /** The lines that it has logged, the last `MOST_LINES` of them. */
  readonly lines: readonly string[];
  signal(signal: NodeJS.Signals): void;
  /** Ends it by SIGTERM; resolves to its exit status. */
  end(): Promise<number | null>;
}

/**
 * Starts it with this configuration, on a free port, by V8's flags from its beginning on; `modules` are
 * loaded into it first, and `told` takes what they send; `env` is added to what it finds there.
 */
export async function startCodapProcess(
  config: object,
  modules: readonly string[] = [],
  told?: (message: unknown) => void,
  env: Readonly<Record<string, string>> = {},
): Promise<CodapProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'codap-process-'));
  const file = join(folder, 'codap.yaml');
  await writeFile(file, JSON.stringify(config));
  const imports = modules.map((module) => `--import=${module}`);
  const child = spawn(process.execPath, [...V8_FLAGS, ...imports, BIN, 'serve', file, '--port', '0'], {
    env: { ...ENVIRONMENT, PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(told ? (['ipc'] as const) : [])],
  });
  if (told) child.on('message', told);
  const lines: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout as Readable }).on('line', (line) => {
      if (lines.push(line) > MOST_LINES) lines.shift();
      const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
      if (address !== undefined) resolve(address);
    });
    child.once('exit', () => reject(new Error('codap never listened')));
  });
  const memory = async (name: 'VmRSS' | 'VmHWM'): Promise<number> => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
  };
  return {
    url,
    port: Number(new URL(url).port),
    rss: () => memory('VmRSS'),
    peakRss: () => memory('VmHWM'),
    openFiles: async () => (await readdir(`/proc/${child.pid}/fd`)).length,
    lines,
    signal: (signal) => void child.kill(signal),
    async end() {
      child.kill('SIGTERM');
      const [status] = (await once(child, 'close')) as [number | null];
      return status;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await rm(folder, { recursive: true });
    },
  };
}
