const RESERVED = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;
/** Control, bidirectional and other invisible characters, lone surrogates, and what Windows forbids in a name. */
const FORBIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}<>:"|?*]/gu;
/** UTF-8 bytes of one part of a name, and of a whole one. */
const PART_BYTES = 200;
const NAME_BYTES = 1000;

/** The entry that lists what an archive lacks; no other entry bears its name. */
export const INCOMPLETE = '_INCOMPLETE.json';

/** Makes entry names safe to unpack anywhere, and unique whatever the file system folds together. */
export class EntryNames {
  readonly #files = new Set<string>([fold(INCOMPLETE)]);
  readonly #folders = new Set<string>();

  /** The name a wanted one gets. */
  claim(wanted: string): string {
    const parts = safeParts(wanted);
    const folder = parts.slice(0, -1);
    const last = parts.at(-1) as string;
    for (let n = 1; ; n += 1) {
      const folders =
        n > 1 && this.#clashes(folder) ? [...folder.slice(0, -1), numbered(folder.at(-1) as string, n)] : folder;
      const name = [...folders, n > 1 ? numbered(last, n) : last].join('/');
      if (!this.#clashes(folders) && !this.#files.has(fold(name)) && !this.#folders.has(fold(name))) {
        this.#files.add(fold(name));
        for (const path of prefixes(folders)) this.#folders.add(path);
        return name;
      }
    }
  }

  /** A folder cannot bear the name of a file. */
  #clashes(folders: readonly string[]): boolean {
    return prefixes(folders).some((path) => this.#files.has(path));
  }
}

function prefixes(folders: readonly string[]): string[] {
  return folders.map((_, index) => fold(folders.slice(0, index + 1).join('/')));
}

/** What case-insensitive and normalising file systems hold for the same name. */
function fold(name: string): string {
  return name.normalize('NFKC').toLowerCase().toUpperCase().normalize('NFKC');
}

function numbered(part: string, n: number): string {
  const dot = part.lastIndexOf('.');
  return dot > 0 ? `${part.slice(0, dot)} (${n})${part.slice(dot)}` : `${part} (${n})`;
}

function safeParts(wanted: string): string[] {
  const parts = wanted
    .replace(/^[A-Za-z]:(?=[\\/])/, '')
    .split(/[\\/]+/)
    .filter((part) => part !== '' && part !== '.' && part !== '..')
    .map(safePart);
  while (parts.length > 1 && Buffer.byteLength(parts.join('/')) > NAME_BYTES) parts.shift();
  return parts.length > 0 ? parts : ['_'];
}

function safePart(part: string): string {
  const clean = part
    .normalize('NFC')
    .replace(FORBIDDEN, '_')
    .replace(/[. ]+$/, '')
    .replace(/^ +/, '');
  const short = shorten(clean === '' ? '_' : clean);
  return RESERVED.test(short) ? `_${short}` : short;
}

function shorten(part: string): string {
  if (Buffer.byteLength(part) <= PART_BYTES) return part;
  const extension = /\.[A-Za-z0-9]{1,10}$/.exec(part)?.[0] ?? '';
  let kept = '';
  for (const character of part) {
    if (Buffer.byteLength(kept + character + extension) > PART_BYTES) break;
    kept += character;
  }
  return kept + extension;
}
