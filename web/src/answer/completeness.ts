/** How the comment of a zip ends that lacks something. */
const OF_A_ZIP = 'Incomplete: see _INCOMPLETE.json';

/** The end of a file that is looked at, in bytes. */
const TAIL = 2 ** 16;

/**
 * Whether a file holds all that was asked for, as its headers or its end tell. Undefined where only reading
 * all of it would: what a tar lacks is listed in it.
 */
export async function isComplete(file: Blob, headers: Headers): Promise<boolean | undefined> {
  const told = headers.get('codap-complete');
  if (told !== null) return told !== 'false';
  const [type] = file.type.split(';');
  if (type !== 'application/zip' && type !== 'application/x-ndjson') return undefined;
  const tail = await file.slice(-TAIL).text();
  return type === 'application/zip'
    ? !tail.endsWith(OF_A_ZIP)
    : (tail.trimEnd().split('\n').at(-1) ?? '').startsWith('{"event":"end","complete":true');
}
