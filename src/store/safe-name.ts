const RESERVED = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\.|$)/i;
/**
 * Control, bidirectional and other invisible characters, lone surrogates, and what Windows forbids in a
 * name.
 */
const FORBIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}<>:"|?*]/gu;
/** UTF-8 bytes of one part of a name, and of a whole one. */
const PART_BYTES = 200;
const NAME_BYTES = 1000;
/** Bytes of the longest number that a part may get. */
export const NUMBER_BYTES = ' (999999999)'.length;
/** Folders of a name, and itself; of more, the last ones count. */
const MOST_PARTS = 32;

/**
 * The folders of a wanted name and, last, its own: each a name that any system takes, none a way up or a
 * root.
 */
export function safeParts(wanted: string): string[] {
  const parts = wanted
    .replace(/^[A-Za-z]:(?=[\\/])/, '')
    .split(/[\\/]+/)
    .filter((part) => part !== '' && part !== '.' && part !== '..')
    .slice(-MOST_PARTS)
    .map(safePart);
  let bytes = parts.reduce((sum, part) => sum + bytesBelow(part), -1);
  while (bytes > NAME_BYTES) bytes -= bytesBelow(parts.shift() as string);
  return parts.length > 0 ? parts : ['_'];
}

/** What a part takes of a whole name: it may get a number, and has a slash. */
function bytesBelow(part: string): number {
  return Math.min(Buffer.byteLength(part) + NUMBER_BYTES, PART_BYTES) + 1;
}

/** A file name that any system takes: of a path its last part. */
export function safeName(wanted: string): string {
  return safeParts(wanted).at(-1) as string;
}

function safePart(part: string): string {
  const clean = trimmed(bounded(part).normalize('NFC').replace(FORBIDDEN, '_')).replace(/^ +/, '');
  const short = shorten(clean === '' ? '_' : clean);
  return RESERVED.test(short) ? shorten(`_${short}`) : short;
}

/**
 * No more of a long part than may be kept of it is looked at: its beginning, and the extension at its end.
 */
function bounded(part: string): string {
  const { length } = part;
  return length <= 4 * PART_BYTES ? part : part.slice(0, 2 * PART_BYTES) + part.slice(length - 2 * PART_BYTES);
}

/** A regular expression would look at each run of dots anew from each of its dots. */
function trimmed(part: string): string {
  let end = part.length;
  while (part[end - 1] === '.' || part[end - 1] === ' ') end -= 1;
  return part.slice(0, end);
}

/** As much of a part as may be kept of it, where so many bytes are still to be put before its extension. */
export function shorten(part: string, room = 0): string {
  const most = PART_BYTES - room;
  if (Buffer.byteLength(part) <= most) return part;
  const extension = /\.[A-Za-z0-9]{1,10}$/.exec(part)?.[0] ?? '';
  let left = most - extension.length;
  let kept = '';
  for (const character of part) {
    left -= Buffer.byteLength(character);
    if (left < 0) break;
    kept += character;
  }
  return extension === '' ? trimmed(kept) : kept + extension;
}
