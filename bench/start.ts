import { type ChildProcess, fork, type ForkOptions } from 'node:child_process';
import { once } from 'node:events';

/** A process of a bench that listens. */
export interface Started {
  readonly child: ChildProcess;
  readonly port: number;
}

/** Starts a file of this folder, which says its port on its channel. */
export async function start(file: string, args: readonly string[] = [], options: ForkOptions = {}): Promise<Started> {
  const child = fork(new URL(file, import.meta.url), args, options);
  // Nobody would answer what waits for it.
  child.once('exit', (code) => code && process.exit(code));
  const [port] = (await once(child, 'message')) as [number];
  return { child, port };
}
