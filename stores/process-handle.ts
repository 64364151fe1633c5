import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** How a server is started, and how it is known to answer. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The file its output is appended to. */
  readonly output: string;
  /** Resolves once the server answers; stops trying when the signal is aborted. */
  ready(signal: AbortSignal): Promise<void>;
}

const STARTUP_MS = 60_000;
const TERMINATE_MS = 5_000;

/**
 * A server in a process of its own, which tests may kill, stall and start again on the same port and data.
 */
export class ProcessHandle implements AsyncDisposable {
  readonly #program: Program;
  #child: ChildProcess | undefined;

  private constructor(program: Program) {
    this.#program = program;
  }

  /** Starts the program and waits until it answers. */
  static async start(program: Program): Promise<ProcessHandle> {
    const handle = new ProcessHandle(program);
    await handle.restart();
    return handle;
  }

  /** The process's id; undefined while none runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Ends the process at once, without a chance to tidy up, and waits until it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Stalls it, and waits until it stands still: connections stay open and nothing is answered. */
  async pause(): Promise<void> {
    this.#child?.kill('SIGSTOP');
    // The signal returns before every thread has stopped, and one that still runs may answer.
    while (this.pid !== undefined && (await runs(this.pid))) await pause(1);
  }

  /** Lets a stalled process go on. */
  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /**
   * Kills the process if it still runs, starts it anew with the same arguments, and waits until it answers.
   */
  async restart(): Promise<void> {
    await this.kill();
    const { command, args, env, output } = this.#program;
    const file = openSync(output, 'a');
    const child = spawn(command, args, {
      stdio: ['ignore', file, file],
      env: { ...process.env, ...env },
      detached: true,
    });
    closeSync(file);
    this.#child = child;
    if (child.pid !== undefined) endWithUs(child, child.pid);
    const settled = new AbortController();
    try {
      const signal = AbortSignal.any([settled.signal, AbortSignal.timeout(STARTUP_MS)]);
      await Promise.race([this.#program.ready(signal), diedEarly(child, this.#program)]);
    } catch (error) {
      await this.kill();
      throw error;
    } finally {
      settled.abort();
    }
  }

  /** Asks the process to end, insists after five seconds, and waits until it is gone. */
  async close(): Promise<void> {
    const insist = setTimeout(() => this.#child?.kill('SIGKILL'), TERMINATE_MS);
    this.resume();
    await this.#end('SIGTERM');
    clearTimeout(insist);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child) return;
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const closed = once(child, 'close');
      child.kill(signal);
      await closed;
    }
    this.#child = undefined;
  }
}

/**
 * Has the server killed once this process is gone, however it went: only then does the watcher's input end.
 */
function endWithUs(server: ChildProcess, pid: number): void {
  const watcher = spawn('sh', ['-c', `read -r _; kill -9 ${pid}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watcher.unref();
  (watcher.stdin as Socket).unref();
  server.once('close', () => watcher.kill('SIGKILL'));
}

/** True while a thread of the process is not stopped, as far as the system tells (Linux does). */
async function runs(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const states = threads.map(async (thread) => {
    const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => '');
    return stat.charAt(stat.lastIndexOf(')') + 2);
  });
  return (await Promise.all(states)).some((state) => 'RSD'.includes(state || '-'));
}

async function diedEarly(child: ChildProcess, { command, output }: Program): Promise<never> {
  await once(child, 'close');
  const tail = readFileSync(output, 'utf8').slice(-1_000);
  throw new Error(`${command} ended before it answered; the end of ${output} says:\n${tail}`);
}
