import { readdir, readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { onceLoaded } from '../ground/once-loaded.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/** One of the files that the playground's page loads. */
export interface PlaygroundFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly gzipped: Buffer;
}

/** The playground as it was built. */
export interface Playground {
  /** Its page, with `NONCE` wherever a nonce is to stand. */
  readonly page: string;
  readonly files: ReadonlyMap<string, PlaygroundFile>;
}

/** Stands in the built page for the nonce that its styles need; `web/vite.config.ts` has it, too. */
export const NONCE = 'nonce-of-this-answer';

/** The playground of this package; nothing where it was not built. Read once. */
export const builtPlayground = onceLoaded(() =>
  readPlayground(join(dirname(findPackageJSON(import.meta.url)!), 'dist/web')),
);

/** A playground that was built into a folder; nothing where there is none. */
export async function readPlayground(folder: string): Promise<Playground | undefined> {
  const names = await readdir(join(folder, 'playground')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (names.length === 0) return undefined;
  const files = names.map(async (name): Promise<[string, PlaygroundFile]> => {
    const plain = await readFile(join(folder, 'playground', name));
    const type = TYPES[extname(name)] ?? 'application/octet-stream';
    return [name, { type, plain, gzipped: await promisify(gzip)(plain, { level: 9 }) }];
  });
  return { page: await readFile(join(folder, 'index.html'), 'utf8'), files: new Map(await Promise.all(files)) };
}
