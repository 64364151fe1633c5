import { toValue } from 'liquidjs';
import type { Steps } from '../../budget/work.ts';
import { toText } from '../../json/leaf.ts';
import { isContainer } from '../../json/size.ts';
import { writeBytes, writeJson } from '../../json/write.ts';
import type { Bounds } from './bounds.ts';

/** Characters that are escaped at once. */
const SLICE = 65_536;

/** What stands for a character that HTML takes for more, or for nothing, in a text or a quoted attribute. */
const HTML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
  // As it stands a parser would make a line feed of it, and there is nothing that stands for a null.
  '\r': '&#13;',
  '\0': '\ufffd',
};
// oxlint-disable-next-line no-control-regex -- a null is one of them
const HTML_CHARACTERS = /[&<>"'\r\0]/g;

// oxlint-disable-next-line no-control-regex -- as above
const LINES_OR_HTML = /\r?\n|[&<>"'\r\0]/g;

/** What might end a script or a quoted attribute, or a line within a string of JavaScript. */
const SCRIPT_CHARACTERS = /[<>&'\u2028\u2029]/g;

/** What `{{ value }}` writes before it is escaped: a text as it is, nothing for nil, else JSON. */
export function shownText(value: unknown, bounds: Bounds): string | Steps<string> {
  const plain: unknown = toValue(value);
  if (plain === null || plain === undefined) return '';
  return toText(plain) ?? jsonText(plain, bounds);
}

/** The JSON of a value. */
export function jsonText(value: unknown, bounds: Bounds): string | Steps<string> {
  const plain: unknown = toValue(value);
  return isContainer(plain) ? written(plain, bounds) : writeJson(plain);
}

function* written(value: object, bounds: Bounds): Steps<string> {
  const bytes = yield* writeBytes(value, 'plain', bounds);
  return bytes.toString();
}

/** A text for between tags, or for an attribute in quotes. */
export function inHtml(text: string | Steps<string>, bounds: Bounds): string | Steps<string> {
  return replaced(text, HTML_CHARACTERS, (character) => HTML[character] as string, bounds);
}

/** The same, each line after the first on a line of its own. */
export function inLines(text: string, bounds: Bounds): string | Steps<string> {
  return replaced(text, LINES_OR_HTML, (found) => HTML[found] ?? '<br>\n', bounds);
}

/** A JSON text for inside a script element. */
export function inScript(text: string | Steps<string>, bounds: Bounds): string | Steps<string> {
  return replaced(text, SCRIPT_CHARACTERS, escapeOf, bounds);
}

function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

type Replace = (character: string) => string;

function replaced(text: string | Steps<string>, pattern: RegExp, by: Replace, bounds: Bounds): string | Steps<string> {
  if (typeof text === 'string' && text.length <= SLICE) return text.replace(pattern, by);
  return replacing(text, pattern, by, bounds);
}

function* replacing(text: string | Steps<string>, pattern: RegExp, by: Replace, bounds: Bounds): Steps<string> {
  const whole = typeof text === 'string' ? text : yield* text;
  let result = '';
  let from = 0;
  while (from < whole.length) {
    if (bounds.tick(1 + (SLICE >> 6))) yield;
    let to = from + SLICE;
    // The two characters of a line end are one to `LINES_OR_HTML`.
    if (whole[to] === '\n' && whole[to - 1] === '\r') to += 1;
    result += whole.slice(from, to).replace(pattern, by);
    from = to;
  }
  return result;
}
