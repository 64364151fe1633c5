import { CodapError } from '../errors.ts';
import { Joining } from '../budget/joining.ts';
import { isLoopHeld } from '../budget/turns.ts';
import { atOnce, Work, type Steps } from '../budget/work.ts';
import { entriesOf } from './members.ts';
import { isContainer, piecesOf } from './size.ts';
import { leafText, longText, undefinedText, untypedText, type Mode } from './typed-text.ts';

/** How deep a value may be nested. */
export const MAX_DEPTH = 1000;

/** What is written for nobody else to wait for. */
const ALONE = new Work(Infinity);

/**
 * JSON text of data with typed leaves; undefined is BSON's. Throws BAD_RESPONSE beyond a depth of 1,000.
 */
export function writeJson(value: unknown, mode: Mode = 'plain'): string {
  if (!isContainer(value)) return scalarText(value, mode);
  let text = '';
  atOnce(writing(value, { mode, work: ALONE, add: (piece) => (text += piece) }, 0));
  return text;
}

/** A member of more pieces than this is long, for a text of which only the beginning is wanted. */
const LONG_PIECES = 1024;

/**
 * The same text up to so many characters, then "…": what comes after them, and what is long or nested very
 * deep by itself, is not looked at. Never throws.
 */
export function writeBeginning(value: object, mode: Mode, most: number): string {
  let text = '';
  let whole: boolean | undefined;
  const tick = (pieces = 1): boolean => text.length > most || pieces > LONG_PIECES;
  try {
    whole = writing(value, { mode, work: { tick }, add: (piece) => (text += piece) }, 0).next().done;
  } catch {
    whole = false;
  }
  return whole && text.length <= most ? text : `${text.slice(0, most)}…`;
}

/** How JSON is written, in whose turns, and where to. */
interface Writing {
  readonly mode: Mode;
  readonly work: Pick<Work, 'tick'>;
  readonly add: (text: string) => void;
}

/** Characters of one string that are written at once. */
const LONG = 262_144;

/** The same in UTF-8, in turns with others, where `work` says so. */
export function* writeBytes(value: unknown, mode: Mode, work: Pick<Work, 'tick'>, depth = 0): Steps<Buffer> {
  const bytes = new Joining();
  yield* writing(value, { mode, work, add: (text) => bytes.add(text) }, depth);
  return yield* bytes.whole();
}

/** The same as a text. It is no long rope, which whoever looks into it would first make one piece of. */
export function* writeText(value: unknown, mode: Mode, work: Pick<Work, 'tick'>): Steps<string> {
  const text = new Joining();
  yield* writing(value, { mode, work, add: (piece) => text.add(piece) }, 0);
  return yield* text.text();
}

function* writing(value: unknown, how: Writing, depth: number): Steps<void> {
  const { mode, work, add } = how;
  if (!isContainer(value)) {
    if (isLong(value)) yield* writingLong(value, how);
    else add(scalarText(value, mode));
    return;
  }
  if (depth >= MAX_DEPTH) throw tooDeep();
  let before = '';
  if (Array.isArray(value)) {
    add('[');
    for (const member of value) {
      if (work.tick(piecesOf(member))) yield;
      if (isContainer(member) || isLong(member)) {
        add(before);
        yield* writing(member, how, depth + 1);
      } else add(before + scalarText(member, mode));
      before = ',';
    }
    add(']');
    return;
  }
  add('{');
  for (const [key, member] of entriesOf(value)) {
    if (work.tick(piecesOf(member))) yield;
    const name = `${before}${JSON.stringify(key)}:`;
    if (isContainer(member) || isLong(member)) {
      add(name);
      yield* writing(member, how, depth + 1);
    } else add(name + scalarText(member, mode));
    before = ',';
  }
  add('}');
}

function isLong(value: unknown): value is string {
  return typeof value === 'string' && value.length > LONG;
}

/** A long text, part by part: whoever holds it has counted it, and only lets others have their turn. */
function* writingLong(text: string, { add }: Writing): Steps<void> {
  add('"');
  let from = 0;
  while (from < text.length) {
    let to = from + LONG;
    // A pair of surrogates stays together: apart, each would be written as an escape.
    if ((text.charCodeAt(to - 1) & 0xfc00) === 0xd800) to += 1;
    add(JSON.stringify(text.slice(from, to)).slice(1, -1));
    if (isLoopHeld()) yield;
    from = to;
  }
  add('"');
}

function scalarText(value: unknown, mode: Mode): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return untypedText(value, mode);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      return longText(value, mode);
    case 'object':
      return value === null ? 'null' : leafText(value, mode);
    default:
      return undefinedText(mode);
  }
}

/** The failure of a value that is nested deeper. */
export function tooDeep(): CodapError {
  return new CodapError('BAD_RESPONSE', `a value is nested deeper than ${MAX_DEPTH}`);
}
