import { isLeaf } from '../json/leaf.ts';
import { entriesOf, isObject } from '../json/members.ts';
import { Text } from '../json/text.ts';
import type { Mode } from '../json/typed-text.ts';
import { isContainer } from '../json/size.ts';
import { writeJson, writeText } from '../json/write.ts';
import { isLoopHeld } from '../budget/turns.ts';
import type { Steps } from '../budget/work.ts';

/** After so many cells others may have their turn. */
const STRIDE = 512;

/** Characters of a text that are put in quotes at once. */
const PART = 16_384;

/** Why a value is no table; repeats nothing of it. */
export class NoTable extends Error {}

/** How typed leaves are written, the most bytes, and what is thrown for more. */
export interface TableOptions {
  readonly mode: Mode | undefined;
  readonly bytes: number;
  /** Counts the bytes of a line before it is kept. */
  readonly hold: (bytes: number) => void;
  readonly tooLarge: () => Error;
}

/**
 * A list of objects as CSV (RFC 4180): a line of their keys in order of appearance, then a line per object.
 * Throws NoTable.
 */
export function* tableText(value: unknown, { mode, bytes, hold, tooLarge }: TableOptions): Steps<Text> {
  const text = new Text();
  let cells = 0;
  const isTurn = (): boolean => ++cells % STRIDE === 0 && isLoopHeld();

  if (!Array.isArray(value)) throw new NoTable('the value is not a list');
  const columns = new Map<string, number>();
  const names: string[] = [];
  for (const [index, row] of value.entries()) {
    if (!isRow(row)) throw new NoTable(`the member at index ${index} is not an object`);
    if (isTurn()) yield;
    for (const [key] of entriesOf(row)) {
      if (!columns.has(key)) {
        columns.set(key, columns.size);
        names.push(key.length > PART ? yield* quotedLong(key) : quoted(key));
      }
      if (isTurn()) yield;
    }
  }
  if (columns.size === 0) return text;
  // Each line takes at least a byte a column: a few objects with many keys of their own could make very many.
  if (columns.size * value.length > bytes) throw tooLarge();

  const blank = names.map(() => '');
  text.add(lineOf(names));
  let length = 0;
  for (const row of value as object[]) {
    const fields = blank.slice();
    for (const [key, member] of entriesOf(row)) {
      const cell = isContainer(member)
        ? yield* writeText(member, mode ?? 'plain', { tick: isTurn })
        : textOf(member, mode);
      fields[columns.get(key) as number] = cell.length > PART ? yield* quotedLong(cell) : quoted(cell);
      if (isTurn()) yield;
    }
    const line = lineOf(fields);
    const size = Buffer.byteLength(line);
    length += size;
    if (length > bytes) throw tooLarge();
    hold(size);
    text.add(line);
    if (isTurn()) yield;
  }
  return text;
}

/** A whole line. One that holds a single empty field must not look like an empty line. */
function lineOf(fields: readonly string[]): string {
  return `${fields.length === 1 && fields[0] === '' ? '""' : fields.join(',')}\r\n`;
}

function isRow(value: unknown): value is object {
  return isObject(value) && !isLeaf(value);
}

/** What holds no others as it is written in a cell: a text as it is, nothing for null, else as in JSON. */
function textOf(value: unknown, mode: Mode | undefined): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  const json = writeJson(value, mode);
  return json.startsWith('"') ? (JSON.parse(json) as string) : json;
}

/** A text as a field: in quotes where it would else be read as more than text, or lose spaces at its ends. */
function quoted(text: string): string {
  return needsQuotes(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The same in turns with others: `replaceAll` would make a rope of as many pieces as there are quotes. */
function* quotedLong(text: string): Steps<string> {
  if (!needsQuotes(text)) return text;
  let field = '"';
  for (let from = 0; from < text.length; from += PART) {
    field += text
      .slice(from, from + PART)
      .split('"')
      .join('""');
    if (isLoopHeld()) yield;
  }
  return `${field}"`;
}

/** Throws NoTable for what UTF-8 cannot hold. */
function needsQuotes(text: string): boolean {
  if (!text.isWellFormed()) throw new NoTable('a text in it is half of a character, which UTF-8 cannot hold');
  return /[",\r\n]|^\s|\s$/.test(text);
}
