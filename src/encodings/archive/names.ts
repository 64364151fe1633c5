import { isFolderName } from './folder.ts';
import { NUMBER_BYTES, safeParts, shorten } from '../../store/safe-name.ts';

/** The entry that lists what an archive lacks; no other entry bears its name. */
export const INCOMPLETE = '_INCOMPLETE.json';

/** Makes entry names safe to unpack anywhere, and unique whatever the file system folds together. */
export class EntryNames {
  readonly #files = new Set<string>([fold(INCOMPLETE)]);
  readonly #folders = new Set<string>();
  /** Those of them that have an entry. */
  readonly #entered = new Set<string>();
  /** By the file that is where a folder was wanted, what that is called: its members stay together. */
  readonly #renamed = new Map<string, string>();
  /** Where to go on counting, so that many entries of one name stay cheap. */
  readonly #numbers = new Map<string, number>();

  /** The name that a wanted one gets. That of a folder is given to no file: it is in that folder then. */
  claim(wanted: string): string {
    const parts = safeParts(isFolderName(wanted) ? `${wanted}_` : wanted);
    const last = parts.pop() as string;
    const { name, above } = this.#enter(parts);
    const file = this.#free(above, last, (path) => this.#files.has(path) || this.#folders.has(`${path}/`));
    this.#files.add(above + fold(file));
    return name + file;
  }

  /** The name of an entry that is a folder; undefined if there is one already. */
  claimFolder(wanted: string): string | undefined {
    const { name, above } = this.#enter(safeParts(wanted));
    if (this.#entered.has(above)) return undefined;
    this.#entered.add(above);
    return name;
  }

  /** The folders that wanted ones are, and their folded path; both end with a slash, if there are any. */
  #enter(parts: readonly string[]): { name: string; above: string } {
    let name = '';
    // The folded path so far: each part is folded once for all that lies below it.
    let above = '';
    // A folder cannot bear the name of a file, nor a file that of a folder.
    for (const part of parts) {
      const path = above + fold(part);
      const folder = this.#files.has(path) ? this.#folderBeside(path, above, part) : part;
      name += `${folder}/`;
      above += `${fold(folder)}/`;
      this.#folders.add(above);
    }
    return { name, above };
  }

  /** The folder for all that want to be in one where a file is. */
  #folderBeside(file: string, above: string, part: string): string {
    let folder = this.#renamed.get(file);
    if (folder === undefined) {
      folder = this.#free(above, part, (path) => this.#files.has(path));
      this.#renamed.set(file, folder);
    }
    return folder;
  }

  /** The part itself, or with the next number at which nothing else is. */
  #free(above: string, part: string, taken: (path: string) => boolean): string {
    const at = (candidate: string): string => above + fold(candidate);
    if (!taken(at(part))) return part;
    // The same for all numbers: long names that only now are the same go on counting together.
    const short = shorten(part, NUMBER_BYTES);
    const key = at(short);
    let n = this.#numbers.get(key) ?? 2;
    while (taken(at(numbered(short, n)))) n += 1;
    this.#numbers.set(key, n);
    return numbered(short, n);
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
