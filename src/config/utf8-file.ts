import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';

/** The text of a file in UTF-8; throws, with a `code`, where it cannot be read, or is in something else. */
export async function readUtf8(file: string): Promise<string> {
  const bytes = await readFile(file);
  if (!isUtf8(bytes)) throw Object.assign(new Error(), { code: 'not UTF-8' });
  return bytes.toString();
}
