/** A member of an object or list in a JSON text: its name or index, and where its value stands. */
export interface Member {
  readonly key: string | number;
  readonly from: number;
  readonly to: number;
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [34, 92, 44, 58];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [91, 93, 123, 125];

/** Where the first sign at or after a place stands that is no white space. */
function skipSpace(text: string, at: number): number {
  let place = at;
  while (place < text.length && text.charCodeAt(place) <= 32) place += 1;
  return place;
}

/** Where a value of a valid JSON text ends that begins at this very place. */
export function endOf(text: string, from: number): number {
  const first = text.charCodeAt(from);
  if (first === QUOTE) return endOfString(text, from);
  if (first !== OPEN_OBJECT && first !== OPEN_LIST) return endOfWord(text, from);
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const sign = text.charCodeAt(at);
    if (sign === QUOTE) at = endOfString(text, at) - 1;
    else if (sign === OPEN_OBJECT || sign === OPEN_LIST) depth += 1;
    else if (sign === CLOSE_OBJECT || sign === CLOSE_LIST) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}

function endOfString(text: string, from: number): number {
  for (let at = from; ;) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
    let before = at - 1;
    while (text.charCodeAt(before) === BACKSLASH) before -= 1;
    if ((at - before) % 2 === 1) return at + 1;
  }
}

function endOfWord(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const sign = text.charCodeAt(at);
    if (sign === COMMA || sign === CLOSE_LIST || sign === CLOSE_OBJECT || sign <= 32) break;
  }
  return at;
}

/**
 * The members of the object or list that begins at a place of a valid JSON text, as they stand there: every
 * key in its place, no number read. None of any other value.
 */
export function* membersOf(text: string, from: number): Generator<Member, void, undefined> {
  const isList = text.charCodeAt(from) === OPEN_LIST;
  if (!isList && text.charCodeAt(from) !== OPEN_OBJECT) return;
  let at = skipSpace(text, from + 1);
  for (let index = 0; at < text.length; index++) {
    const sign = text.charCodeAt(at);
    if (sign === CLOSE_LIST || sign === CLOSE_OBJECT) return;
    let key: string | number = index;
    if (!isList) {
      const end = endOfString(text, at);
      key = JSON.parse(text.slice(at, end)) as string;
      at = skipSpace(text, end);
      if (text.charCodeAt(at) === COLON) at = skipSpace(text, at + 1);
    }
    const to = endOf(text, at);
    yield { key, from: at, to };
    at = skipSpace(text, to);
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
  }
}
