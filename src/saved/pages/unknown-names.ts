import { type PropertyAccessToken, TypeGuards } from 'liquidjs';
import { MOST_FAULTS } from '../../json/fault-list.ts';
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
  return new Map(Array.from(files, ([file, { named }]) => [file, unknownAmong(named, known.get(file)!)]));
}

/** The first of what a file names and nothing gives, each name once. */
function unknownAmong(named: readonly PropertyAccessToken[], known: Names): Fault[] {
  const faults: Fault[] = [];
  const told = new Set<string>();
  for (const token of named) {
    const unknown = unknownIn(token, known);
    if (!unknown || told.has(unknown.what)) continue;
    told.add(unknown.what);
    const { what, names } = unknown;
    const detail = names.size === 0 ? what : `${what}; ${choice([...names.keys()], undefined, 'there are')}`;
    faults.push({ at: placeOf(token), detail });
    if (faults.length === MOST_FAULTS) break;
  }
  return faults;
}

/** What is told of a name that nothing gives, and what there is. */
function unknownIn({ variable, props }: PropertyAccessToken, known: Names): Unknown | undefined {
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
      return { what: path.length === 0 ? `nothing is named ${shown}` : `${path.join('.')} has no ${shown}`, names };
    }
    path.push(name);
    names = names.get(name);
  }
  return undefined;
}

interface Unknown {
  readonly what: string;
  readonly names: Names;
}

/** The names that each file is given by any page or file that takes it in, and by itself. */
function knownIn(files: Files, pages: Iterable<readonly [string, Names]>): ReadonlyMap<string, Names> {
  const known = new Map<string, Names>(Array.from(files, ([file, { gives }]) => [file, plain(gives)]));
  const give = (file: string, names: Names): boolean => {
    const before = known.get(file)!;
    const after = joined(before, names);
    known.set(file, after);
    return after !== before;
  };
  const upwards = innermostFirst(files);
  // But for `render`, what is given in a file is known to that which takes it in, and the other way round.
  spread(upwards, files, (file, { name, gives, isIsolated }) =>
    isIsolated ? false : give(file, joined(known.get(name)!, plain(gives))),
  );
  for (const [file, names] of pages) give(file, names);
  spread(upwards.toReversed(), files, (file, { name, gives, isIsolated }) =>
    give(name, isIsolated ? plain(gives) : joined(known.get(file)!, plain(gives))),
  );
  return known;
}

/** Names that may have any members. */
function plain(names: Iterable<string>): Names {
  return new Map(Array.from(names, (name) => [name, undefined]));
}

/** The names of both, with all members that either has; the first as it is, where the other has no more. */
function joined(one: Names, other: Names): Names {
  let all: Map<string, Names | undefined> | undefined;
  for (const [name, members] of other) {
    const has = one.has(name);
    const before = one.get(name);
    const after = has && before && members ? joined(before, members) : has ? undefined : members;
    if (has && after === before) continue;
    all ??= new Map(one);
    all.set(name, after);
  }
  return all ?? one;
}

/** Files, each behind those that it takes in, but for circles. */
function innermostFirst(files: Files): readonly string[] {
  const order = new Set<string>();
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const { name } of files.get(file)!.includes) visit(name);
    order.add(file);
  };
  for (const file of files.keys()) visit(file);
  return [...order];
}

/** Passes names on, from file to file, until that brings no new ones. */
function spread(order: readonly string[], files: Files, pass: (file: string, next: Included) => boolean): void {
  let isNew = true;
  while (isNew) {
    isNew = false;
    for (const file of order) for (const next of files.get(file)!.includes) isNew = pass(file, next) || isNew;
  }
}
