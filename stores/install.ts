import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { FOLDER } from './folder.ts';
import { withLock } from './lock.ts';
import { PROMETHEUS_CLIENT, SECANTUSDB, VERSITYGW } from './versions.ts';

/** The paths of the two servers' programs. */
export interface Programs {
  readonly secantusdb: string;
  readonly versitygw: string;
}

/**
 * Installs both servers into `folder` unless they are there in the pinned versions, and answers where they
 * are. Rejects with a sentence for the reader where Python or Go is missing.
 */
export async function installStores(folder = FOLDER): Promise<Programs> {
  const python = `${folder}/secantusdb-${SECANTUSDB.version}`;
  const go = `${folder}/versitygw-${VERSITYGW.version}`;
  await mkdir(folder, { recursive: true });
  await withLock(`${folder}/install.lock`, async () => {
    await installOnce(python, fromPython(python, SECANTUSDB));
    await installOnce(go, (run) => run('go', ['install', `${VERSITYGW.name}@v${VERSITYGW.version}`], { GOBIN: go }));
  });
  return { secantusdb: `${python}/bin/secantusd-py`, versitygw: `${go}/versitygw` };
}

/** Installs Prometheus' library for Python likewise, and answers the Python that has it. */
export async function installPrometheusClient(folder = FOLDER): Promise<string> {
  const target = `${folder}/prometheus-client-${PROMETHEUS_CLIENT.version}`;
  await mkdir(folder, { recursive: true });
  await withLock(`${folder}/install.lock`, () => installOnce(target, fromPython(target, PROMETHEUS_CLIENT)));
  return `${target}/bin/python`;
}

/** Makes a Python environment that has a package. */
function fromPython(target: string, { name, version }: { readonly name: string; readonly version: string }) {
  return async (run: Run): Promise<void> => {
    await run('python3', ['-m', 'venv', target]);
    await run(`${target}/bin/pip`, ['install', `${name}==${version}`]);
  };
}

type Run = (command: string, args: string[], env?: Record<string, string>) => Promise<void>;

/** The stamp is written last, so that an installation that was cut off is done again. */
async function installOnce(target: string, install: (run: Run) => Promise<void>): Promise<void> {
  const stamp = `${target}/installed`;
  if (existsSync(stamp)) return;
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  process.stderr.write(`Installing ${basename(target)} …\n`);
  await using output = await open(`${target}.log`, 'w');
  await install(async (command, args, env) => {
    const child = spawn(command, args, { stdio: ['ignore', output.fd, output.fd], env: { ...process.env, ...env } });
    const [status] = await once(child, 'close').catch(missing(command));
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed; its output is in ${target}.log.`);
  });
  await writeFile(stamp, '');
}

const NEEDED: Record<string, string> = {
  python3: 'Python 3 with its venv module is needed to install the MongoDB-protocol server, and what reads metrics',
  go: 'Go is needed to build the S3 server',
};

/** What to say when a command could not be started at all. */
function missing(command: string) {
  return (cause: NodeJS.ErrnoException): never => {
    if (cause.code !== 'ENOENT' || !(command in NEEDED)) throw cause;
    throw new Error(`${NEEDED[command]}: install it, or start a Docker engine, and try again.`, { cause });
  };
}
