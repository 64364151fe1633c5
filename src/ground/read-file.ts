import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** How long a file may take to be read, in milliseconds: one on a mount that hangs would never be. */
const PATIENCE_MS = 10_000;

/** What is read at once, in bytes, where nobody has truly told how much there is: a pipe, a file of /proc. */
const PIECE_BYTES = 65_536;
/** How soon a pipe is looked at again, in milliseconds. */
const LOOK_AGAIN_MS = 20;

/** So many reads may hang: each takes one of the four threads that files, host names and zlib share. */
const MOST_HANGING = 2;

/** The folders of reads that have not ended: there are several only where some hang. */
const unended = new Set<string>();
let last: Promise<unknown> = Promise.resolve();

/**
 * Does what reads a file, after all others that do. Where one of the same folder hangs, or several do, it
 * fails at once. Rejects as `read` does, or with a `code` in words.
 */
export function readInTurn<T>(path: string, read: () => Promise<T>): Promise<T> {
  const folder = dirname(path);
  const turn = last.then(() => {
    if (unended.has(folder) || unended.size === MOST_HANGING) throw unread('one before it has not answered yet');
    return beforeLate(folder, read());
  });
  last = turn.catch(() => {});
  return turn;
}

async function beforeLate<T>(folder: string, reading: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(unread(`it has not answered within ${PATIENCE_MS / 1000} s`)),
    PATIENCE_MS,
  );
  if (unended.size === 0) process.on('exit', leave);
  unended.add(folder);
  const end = (): void => {
    clearTimeout(timer);
    unended.delete(folder);
    if (unended.size === 0) process.off('exit', leave);
  };
  void reading.then(end, end);
  return Promise.race([reading, late.promise]);
}

/**
 * Node would not exit before the thread that reads is done. So it becomes a process that has nothing to wait
 * for, and the same exit status. It could not end itself by a signal as the first process of a container.
 */
function leave(status: number): void {
  const { NODE_OPTIONS: _, ...env } = process.env;
  try {
    process.execve?.(process.execPath, [process.execPath, '-e', `process.exit(${status})`], env);
  } catch {
    // Where that is not allowed, it waits.
  }
}

/** The bytes of an ordinary file, at most so many; `flags` are further ones of open(2). */
export async function readFile(path: string, mostBytes: number, flags = 0): Promise<Buffer> {
  const file = await openFile(path, flags).catch(async (error: unknown) => {
    if (whyUnread(error) !== 'ENOENT' || !(await isLink(path))) throw error;
    throw unread('a symbolic link that leads nowhere');
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw unread(stat.isDirectory() ? 'EISDIR' : 'no ordinary file');
    return await readAll(file, mostBytes, Math.max(Math.min(stat.size, mostBytes) + 1, PIECE_BYTES));
  } finally {
    await file.close();
  }
}

/** The bytes of a pipe, at most so many: it waits for those who have it open to write. */
export async function readPipe(path: string, mostBytes: number): Promise<Buffer> {
  const file = await openFile(path, 0);
  try {
    return await readAll(file, mostBytes, PIECE_BYTES);
  } finally {
    await file.close();
  }
}

/** A pipe would keep whoever opens or reads it waiting, in a thread that nobody could end. */
function openFile(path: string, flags: number): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NONBLOCK | flags);
}

async function readAll(file: FileHandle, mostBytes: number, atOnce: number): Promise<Buffer> {
  const piece = Buffer.allocUnsafe(atOnce);
  const pieces: Buffer[] = [];
  for (let left = mostBytes; left >= 0;) {
    const bytes = await readSome(file, piece);
    if (bytes === undefined) await pause(LOOK_AGAIN_MS);
    else if (bytes === 0) return Buffer.concat(pieces);
    else {
      pieces.push(Buffer.from(piece.subarray(0, bytes)));
      left -= bytes;
    }
  }
  throw unread(`more than ${mostBytes} bytes`);
}

/** How many bytes were read, 0 at the end; undefined where there is none yet. */
async function readSome(file: FileHandle, into: Buffer): Promise<number | undefined> {
  try {
    return (await file.read(into)).bytesRead;
  } catch (error) {
    if (whyUnread(error) === 'EAGAIN') return undefined;
    throw error;
  }
}

/** Why a file could not be read, without its name: the system's word, or ours. */
export function whyUnread(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}

/** That a file could not be read, with why in words of ours. */
export function unread(code: string): Error {
  return Object.assign(new Error(code), { code });
}

async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (stat) => stat.isSymbolicLink(),
    () => false,
  );
}
