import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** Programs that unpack archives, none of them codap's: how each is told to unpack a file into a folder. */
const PROGRAMS = {
  unzip: (file: string, folder: string) => ['unzip', '-qq', '-o', file, '-d', folder],
  zipfile: (file: string, folder: string) => ['python3', '-m', 'zipfile', '-e', file, folder],
  tar: (file: string, folder: string) => ['tar', '-xf', file, '-C', folder],
  tarfile: (file: string, folder: string) => ['python3', '-m', 'tarfile', '-e', file, folder],
} as const;

/** What unpacks which kind of archive: those that read a tar see by themselves whether it is gzipped. */
export const UNPACKED = [
  ['unzip', 'application/zip'],
  ['zipfile', 'application/zip'],
  ['tar', 'application/x-tar'],
  ['tarfile', 'application/x-tar'],
  ['tar', 'application/gzip'],
] as const;

/**
 * The files of an archive by name, as one of those programs unpacks them. Rejects if it complains, or is not
 * installed.
 */
export async function unpack(program: keyof typeof PROGRAMS, archive: Uint8Array): Promise<Map<string, Buffer>> {
  const place = await mkdtemp(join(tmpdir(), 'codap-unpack-'));
  const file = join(place, 'archive');
  const folder = join(place, 'out');
  try {
    await writeFile(file, archive);
    await mkdir(folder);
    const [name, ...args] = PROGRAMS[program](file, folder) as [string, ...string[]];
    await exec(name, args, { env: { ...process.env, LC_ALL: 'C.UTF-8' } }).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? new Error(`${name} is not installed; this test needs it`) : error;
    });
    const found = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    return new Map(
      await Promise.all(
        files.map(async (path) => [path.slice(folder.length + 1), await readFile(path)] as [string, Buffer]),
      ),
    );
  } finally {
    await rm(place, { recursive: true });
  }
}
