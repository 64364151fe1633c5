import { type PropertyAccessToken, TypeGuards } from 'liquidjs';
import { choice } from '../../store/choice.ts';
import type { Found, Included } from './check-nodes.ts';
import { type Fault, placeOf } from './placed.ts';

/** Names, each with those of the members that it has, where these are known. */
export type Names = ReadonlyMap<string, Names | undefined>;

/** Files by their names, as they take in each other. */
type Files = ReadonlyMap<string, Found>;

/** Characters of a name that are shown. */
const SHOWN = 64;

/**
 * Finds what is named in the files of all pages and given by nothing; `pages` have the names that each page's
 * own file is given. Where in a file a name is given is not looked at.
 */
export function unknownNames(files: Files, pages: Iterable<readonly [string, Names]>): Map<string, Fault[]> {
  const known = knownIn(files, pages);
  return new Map(
    Array.from(files, ([file, { named }]) => {
      const told = new Map<string, Fault>();
      for (const token of named) {
        const detail = unknownIn(token, known.get(file)!);
        if (detail !== undefined && !told.has(detail)) told.set(detail, { at: placeOf(token), detail });
      }
      return [file, [...told.values()]];
    }),
  );
}

/** What is told of a name that nothing gives. */
function unknownIn({ variable, props }: PropertyAccessToken, known: Names): string | undefined {
  if (variable) return undefined;
  let names: Names | undefined = known;
  const path: string[] = [];
  for (const prop of props) {
    if (!names || !(TypeGuards.isWordToken(prop) || TypeGuards.isQuotedToken(prop))) return undefined;
    const name = prop.content;
    // Of whatever has members, this is their number.
    if (path.length > 0 && name === 'size') return undefined;
    if (!names.has(name)) {
      const shown = name.length > SHOWN ? `${name.slice(0, SHOWN)}…` : name;
      const what = path.length === 0 ? `nothing is named ${shown}` : `${path.join('.')} has no ${shown}`;
      return names.size === 0 ? what : `${what}; ${choice([...names.keys()], undefined, 'there are')}`;
    }
    path.push(name);
    names = names.get(name);
  }
  return undefined;
}

/** The names that each file is given by any page or file that takes it in, and by itself. */
function knownIn(files: Files, pages: Iterable<readonly [string, Names]>): ReadonlyMap<string, Names> {
  const known = new Map(
    Array.from(files, ([file, { gives }]) => [file, new Map<string, Names | undefined>(plain(gives))]),
  );
  const give = (file: string, names: Iterable<readonly [string, Names | undefined]>): boolean => {
    const given = known.get(file)!;
    let isNew = false;
    for (const [name, members] of names) {
      // What is given by several may have any member.
      const next = given.has(name) && given.get(name) !== members ? undefined : members;
      isNew ||= !given.has(name) || given.get(name) !== next;
      given.set(name, next);
    }
    return isNew;
  };
  // But for `render`, what is given in a file is known to that which takes it in, and the other way round.
  spread(files, (file, { name, gives, isIsolated }) =>
    isIsolated ? false : give(file, [...plain(gives), ...known.get(name)!]),
  );
  for (const [file, names] of pages) give(file, names);
  spread(files, (file, { name, gives, isIsolated }) =>
    give(name, [...plain(gives), ...(isIsolated ? [] : known.get(file)!)]),
  );
  return known;
}

/** Names that may have any members. */
function plain(names: Iterable<string>): readonly (readonly [string, undefined])[] {
  return Array.from(names, (name) => [name, undefined]);
}

/** Passes names on, from file to file, until that brings no new ones. */
function spread(files: Files, pass: (file: string, next: Included) => boolean): void {
  let isNew = true;
  while (isNew) {
    isNew = false;
    for (const [file, { includes }] of files) for (const next of includes) isNew = pass(file, next) || isNew;
  }
}
