import { skip, stringEnd } from './read-json.ts';

/** Where one value stands in a JSON text. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** A member of an object or a list: its key, or its index, and its value. */
interface Member extends Part {
  readonly key: string;
}

/** The part of a JSON text, known to be right, to which the steps of a pointer lead from another part. */
export function partAt(json: string, steps: readonly string[], from: Part = wholeOf(json)): Part | undefined {
  let part: Part | undefined = from;
  for (const step of steps) {
    let found: Part | undefined;
    // Of a key that is there twice the last one counts, as elsewhere.
    for (const member of membersOf(json, part)) if (member.key === step) found = member;
    if (!found) return undefined;
    part = found;
  }
  return part;
}

/** The members of a list; undefined for anything else. */
export function itemsOf(json: string, part: Part): Iterable<Part> | undefined {
  return json[part.start] === '[' ? membersOf(json, part) : undefined;
}

/** The text of a string, a number or a boolean. */
export function textOf(json: string, { start, end }: Part): string | undefined {
  const first = json[start];
  if (first === '"') return JSON.parse(json.slice(start, end)) as string;
  return first === '{' || first === '[' || first === 'n' ? undefined : json.slice(start, end);
}

function wholeOf(json: string): Part {
  const start = skip(json, 0);
  return { start, end: endOf(json, start) };
}

/** The members of an object or a list that begins at `start`, as they are written; of anything else none. */
export function* membersOf(json: string, { start }: Pick<Part, 'start'>): Generator<Member> {
  const isList = json[start] === '[';
  if (!isList && json[start] !== '{') return;
  let at = skip(json, start + 1);
  for (let index = 0; json[at] !== ']' && json[at] !== '}'; index += 1) {
    let key = String(index);
    if (!isList) {
      const end = endOf(json, at);
      key = JSON.parse(json.slice(at, end)) as string;
      at = skip(json, skip(json, end) + 1);
    }
    const end = endOf(json, at);
    yield { key, start: at, end };
    at = skip(json, end);
    if (json[at] === ',') at = skip(json, at + 1);
  }
}

/** Where a value that begins here ends. */
function endOf(json: string, start: number): number {
  const first = json[start];
  if (first === '"') return stringEnd(json, start);
  if (first !== '{' && first !== '[') {
    const ending = /[\s,\]}]/g;
    ending.lastIndex = start;
    return ending.exec(json)?.index ?? json.length;
  }
  let depth = 0;
  for (let at = start; ; at += 1) {
    const code = json.charCodeAt(at);
    if (code === 0x22) at = stringEnd(json, at) - 1;
    else if (code === 0x7b || code === 0x5b) depth += 1;
    else if (code === 0x7d || code === 0x5d) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
}
