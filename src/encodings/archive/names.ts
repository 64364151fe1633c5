const RESERVED = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\.|$)/i;
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
  /** Where to go on counting, so that many entries of one name stay cheap. */
  readonly #numbers = new Map<string, number>();

  /** The name a wanted one gets. */
  claim(wanted: string): string {
    const parts = safeParts(wanted);
    const last = parts.pop() as string;
    const folders: string[] = [];
    // A folder cannot bear the name of a file, nor a file that of a folder.
    for (const part of parts) {
      folders.push(this.#free(folders, part, (path) => this.#files.has(path)));
      this.#folders.add(fold(folders.join('/')));
    }
    const name = [...folders, this.#free(folders, last, (path) => this.#files.has(path) || this.#folders.has(path))];
    this.#files.add(fold(name.join('/')));
    return name.join('/');
  }

  /** The part itself, or with the next number at which nothing else is. */
  #free(folders: readonly string[], part: string, taken: (path: string) => boolean): string {
    const at = (candidate: string): string => fold([...folders, candidate].join('/'));
    if (!taken(at(part))) return part;
    const key = at(part);
    let n = this.#numbers.get(key) ?? 2;
    while (taken(at(numbered(part, n)))) n += 1;
    this.#numbers.set(key, n);
    return numbered(part, n);
  }
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
  return extension === '' ? kept.replace(/[. ]+$/, '') : kept + extension;
}
