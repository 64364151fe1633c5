import { isUtf8 } from 'node:buffer';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readFile, readInTurn, readPipe, unread, whyUnread } from '../ground/read-file.ts';
import { NamedFile } from '../store/named-file.ts';

/** The most bytes of a file. */
const MOST_BYTES = 64 * 2 ** 20;

/** What a shell calls a pipe that it gives: `<(…)`, or `|` with `/dev/stdin`. */
const GIVEN = /^\/(?:dev\/(?:stdin|fd\/\d+)|proc\/self\/fd\/\d+)$/;

const READ_BEFORE =
  'nothing comes from this pipe: what it held was read before; workers and SIGHUP need a file that can be read again';

/** The text of a file in UTF-8; throws, with a `code`, where it cannot be read, or is in something else. */
export async function readUtf8(file: string): Promise<string> {
  return toText(await readInTurn(file, () => readFile(file, MOST_BYTES)));
}

/** The same, also of a pipe that this process was given: that waits for whoever may still write to it. */
export async function readGiven(file: string): Promise<string> {
  if (!GIVEN.test(file) || !(await stat(file)).isFIFO()) return readUtf8(file);
  const bytes = await readPipe(file, MOST_BYTES);
  if (bytes.length === 0) throw unread(READ_BEFORE);
  return toText(bytes);
}

/** Where the paths in a configuration start: its folder, or where this process stands if a shell gave it. */
export function folderOf(file: string): string {
  return GIVEN.test(file) ? '.' : dirname(file);
}

/** The file that an option names, as it is to be checked. */
export async function readOption(file: string): Promise<NamedFile> {
  try {
    return new NamedFile({ bytes: await readInTurn(file, () => readFile(file, MOST_BYTES)) });
  } catch (error) {
    return new NamedFile({ fault: whyUnread(error) });
  }
}

function toText(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw unread('not UTF-8');
  return bytes.toString();
}
