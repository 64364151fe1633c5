import { isComplete } from './completeness.ts';
import { fileName } from './file-name.ts';
import { Broken, partsOf, problemOf } from './response.ts';
import type { RunEvent, Sending } from './node.ts';

/** How often the page is told how much has come, in milliseconds. */
const EVERY_MS = 100;

/** Asks for a file, and tells how much of it has come, and at last the whole; of one that breaks off, nothing. */
export async function download(
  { url, headers, body }: Sending,
  signal: AbortSignal,
  say: (said: RunEvent) => void,
): Promise<void> {
  const response = await fetch(url, { method: 'POST', headers, body, signal });
  if (!response.ok || !response.body) {
    say({ event: 'problem', problem: await problemOf(response) });
    return;
  }
  const length = response.headers.get('content-length');
  const total = length === null || response.headers.has('content-encoding') ? undefined : Number(length);
  const filename = fileName(response.headers);
  const parts: Blob[] = [];
  let bytes = 0;
  let told = 0;
  const tell = (): void => {
    told = performance.now();
    say({ event: 'progress', bytes, total, filename });
  };
  tell();
  try {
    for await (const part of partsOf(response.body)) {
      // A Blob may lie on disk; what is larger than memory can still be had.
      parts.push(new Blob([part]));
      bytes += part.length;
      if (performance.now() - told >= EVERY_MS) tell();
    }
  } catch (error) {
    throw signal.aborted ? error : new Broken();
  }
  tell();
  const blob = new Blob(parts, { type: response.headers.get('content-type') ?? '' });
  say({ event: 'blob', blob, filename, complete: await isComplete(blob, response.headers) });
  say({ event: 'over', why: 'end' });
}
