import type { Entry } from './entry.ts';

const EMPTY = Buffer.alloc(0);

/**
 * Whether a wanted name is that of a folder: by it buckets have an object of no bytes where a folder is to be
 * seen that may be empty.
 */
export function isFolderName(wanted: string): boolean {
  return /[\\/]$/.test(wanted);
}

/** Whether there is nothing in an entry, as far as that is known. */
export function isEmpty({ content }: Entry): boolean {
  return Buffer.isBuffer(content) && content.length === 0;
}

/** The entry with its first bytes here: without any it is known to be empty. Rejects if it breaks by then. */
export async function begun(entry: Entry): Promise<Entry> {
  const { content } = entry;
  if (Buffer.isBuffer(content)) return entry;
  let first: Awaited<ReturnType<typeof content.next>> | undefined = await content.next();
  while (!first.done && first.value.length === 0) first = await content.next();
  if (first.done) {
    content.close();
    return { ...entry, size: 0, content: EMPTY };
  }
  const next = (): ReturnType<typeof content.next> => {
    const step = first;
    first = undefined;
    return step ? Promise.resolve(step) : content.next();
  };
  return {
    ...entry,
    content: { next, close: (reason) => content.close(reason), break: (reason) => content.break(reason) },
  };
}
