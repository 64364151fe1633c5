import { execFile } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../../stores/folder.ts';
import { environmentOf, type Stage } from './dockerfile.ts';

const exec = promisify(execFile);

/**
 * What a Dockerfile's last stage amounts to: the folder that stands for `/`, where to work in it, and what is
 * set there.
 */
export interface Built {
  readonly root: string;
  readonly workdir: string;
  readonly env: Record<string, string>;
}

/**
 * Does each stage's COPY and RUN steps in a folder of its own below `folder`, with this Node in place of the
 * image's.
 */
export async function buildByHand(stages: readonly Stage[], folder: string): Promise<Built> {
  const built: Built[] = [];
  for (const [at, stage] of stages.entries()) {
    const root = join(folder, stage.name ?? String(at));
    const workdir = join(root, stage.instructions.find(({ word }) => word === 'WORKDIR')?.text ?? '/');
    await mkdir(workdir, { recursive: true });
    const env = environmentOf(stage);
    for (const { word, flags, words, text } of stage.instructions) {
      if (word === 'COPY') await copy(flags['from'] ? join(folder, flags['from']) : ROOT, words, workdir);
      if (word === 'RUN') await exec('sh', ['-c', text], { cwd: workdir, env: buildEnvironment(env) });
    }
    built.push({ root, workdir, env });
  }
  return built.at(-1)!;
}

/** A file goes into a target that ends with a slash; otherwise, as a folder does, it becomes the target. */
async function copy(from: string, words: readonly string[], workdir: string): Promise<void> {
  const target = words.at(-1)!;
  for (const source of words.slice(0, -1)) {
    const name = target.endsWith('/') ? join(target, basename(source)) : target;
    await cp(join(from, source), join(workdir, name), { recursive: true, verbatimSymlinks: true });
  }
}

// What tells a process that it is part of a test, or of a script of another package.
const NOT_BUILDING = /^(?:NODE_ENV|NODE_OPTIONS|VITEST.*|npm_(?:config_local_prefix|lifecycle_.*|package_.*))$/;

/**
 * The environment of a build step, or of a shell that somebody has just opened: this one's, which the network
 * may need, without what that would not see.
 */
export function buildEnvironment(env: Record<string, string>): Record<string, string | undefined> {
  const own = Object.entries(process.env).filter(([name]) => !NOT_BUILDING.test(name));
  return { ...Object.fromEntries(own), PATH: pathWithNode(), ...env };
}

/** Where programs are found, this Node before any other. */
export function pathWithNode(): string {
  return `${dirname(process.execPath)}:${process.env['PATH']}`;
}
