import { Broken, partsOf, problemOf } from './response.ts';
import type { RunEvent, Sending } from './node.ts';

/** How often the page is told how much has come, in milliseconds. */
const EVERY_MS = 100;

/** Asks for a file, and tells how much of it has come, and at last the whole. */
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
  const parts: Blob[] = [];
  let bytes = 0;
  let told = 0;
  try {
    for await (const part of partsOf(response.body)) {
      // A Blob may lie on disk; what is larger than memory can still be had.
      parts.push(new Blob([part]));
      bytes += part.length;
      if (performance.now() - told < EVERY_MS) continue;
      told = performance.now();
      say({ event: 'progress', bytes, total });
    }
  } catch (error) {
    throw signal.aborted ? error : new Broken();
  }
  say({ event: 'progress', bytes, total });
  const type = response.headers.get('content-type') ?? '';
  const filename = nameIn(response.headers.get('content-disposition') ?? '') ?? `batch.${ENDINGS[type] ?? 'bin'}`;
  const complete = response.headers.get('codap-complete') !== 'false';
  say({ event: 'blob', blob: new Blob(parts, { type }), filename, complete });
  say({ event: 'over', why: 'end' });
}

const ENDINGS: Readonly<Record<string, string>> = {
  'application/zip': 'zip',
  'application/x-tar': 'tar',
  'application/gzip': 'tar.gz',
};

/** The name in a `Content-Disposition` (RFC 6266), without folders. */
function nameIn(disposition: string): string | undefined {
  const [, encoded] = /filename\*=UTF-8''([^;]+)/i.exec(disposition) ?? [];
  const [, plain] = /filename="?([^";]+)"?/i.exec(disposition) ?? [];
  const name = encoded === undefined ? plain : decodeURIComponent(encoded);
  return name?.replaceAll(/[/\\]/g, '_');
}
