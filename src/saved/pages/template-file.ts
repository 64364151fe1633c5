import { isUtf8 } from 'node:buffer';
import { constants, open, realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** The most bytes of a template. */
export const MOST_BYTES = 1_048_576;

/** `*.liquid` or `*.html` in a folder or below it: no empty, `.` or `..` segment, no backslash. */
const NAME = /^(?:(?!\.{1,2}\/)[^/\\\0]+\/)*[^/\\\0]*[^/\\\0]\.(?:liquid|html)$/;

/** What is wrong with a file; it repeats neither its path nor what stands in it. */
export class FileFault extends Error {}

/**
 * Reads a template, named by its path from the folder on. Where its name or a folder's is a symbolic link, it
 * leads to such a file below the folder. Throws FileFault.
 */
export async function readTemplate(folder: string, name: string): Promise<string> {
  if (!NAME.test(name))
    throw new FileFault("a file *.liquid or *.html below the configuration's folder is allowed here");
  const bytes = await readBelow(folder, name).catch((error: NodeJS.ErrnoException) => {
    if (error instanceof FileFault) throw error;
    if (error.code === 'ENOENT')
      throw new FileFault("the template cannot be read (ENOENT); names start at the configuration's folder");
    throw new FileFault(`the template cannot be read (${error.code ?? 'unknown error'})`);
  });
  if (!isUtf8(bytes)) throw new FileFault('the template is not UTF-8');
  return bytes.toString().replace(/^\ufeff/, '');
}

async function readBelow(folder: string, name: string): Promise<Buffer> {
  const root = await realpath(folder);
  const real = await realpath(join(root, name));
  const inside = relative(root, real).replaceAll(sep, '/');
  if (!NAME.test(inside))
    throw new FileFault("the template leads out of the configuration's folder, or to another kind of file");
  // A pipe would keep whoever opens it waiting.
  const file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new FileFault('the template is no ordinary file');
    if (stat.size > MOST_BYTES) throw new FileFault(`the template has more than ${MOST_BYTES} bytes`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}
