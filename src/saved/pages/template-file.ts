import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { readFile, readInTurn, whyUnread } from '../../ground/read-file.ts';

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
export async function readTemplateFile(folder: string, name: string): Promise<string> {
  if (!NAME.test(name))
    throw new FileFault("a file *.liquid or *.html below the configuration's folder is allowed here");
  const bytes = await readInTurn(join(folder, name), () => readBelow(folder, name)).catch((error: unknown) => {
    if (error instanceof FileFault) throw error;
    const why = whyUnread(error);
    if (why === 'ENOENT')
      throw new FileFault("the template cannot be read (ENOENT); names start at the configuration's folder");
    throw new FileFault(`the template cannot be read (${why})`);
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
  return readFile(real, MOST_BYTES, constants.O_NOFOLLOW);
}
