import { isUtf8 } from 'node:buffer';
import { toText } from '../../src/json/leaf.ts';
import { joinedText, Placeholder, unwrapped } from '../../src/store/placeholder.ts';
import type { ReportFault } from '../adapter.ts';
import { climbs, decodings } from '../http/climbs.ts';

const CONTROL = /\p{Cc}/u;
const PLAIN = /^[\w~-][\w~./-]*$/;
/** Characters of a literal path, and of a segment. */
const MOST_CHARS = 8192;
/** Characters of all segments together, before they are encoded. */
const MOST_TOGETHER = 16_384;

/** Where the paths of a source begin. */
export interface Base {
  readonly origin: string;
  readonly pathname: string;
}

/**
 * The path of a query below the base URL, percent-encoded and proven to stay there; undefined after a fault.
 * References not yet known stand in it.
 */
export function restPath(path: unknown, base: Base, fault: ReportFault): string | Placeholder | undefined {
  const below = Array.isArray(path) ? ofSegments(path, fault) : ofLiteral(path as string, fault);
  if (below === undefined) return undefined;
  const root = base.pathname.endsWith('/') ? base.pathname.slice(0, -1) : base.pathname;
  const full = below === '' ? base.pathname : `${root}/${below}`;
  if (isPlain(below) && !isPlanned(path)) return full;
  // Whatever the checks above missed: the URL parser must see the same origin, the prefix, and nothing to
  // rewrite.
  const parsed = URL.parse(base.origin + full);
  if (
    parsed?.origin === base.origin &&
    parsed.pathname === full &&
    (full === base.pathname || full.startsWith(`${root}/`))
  )
    return isPlanned(path) ? joinedText([root, ...path.flatMap(planned)]) : full;
  fault(['path'], 'a path below the base URL is allowed here');
  return undefined;
}

/**
 * Whether nothing in a path can mean anything but itself: no escape, no segment that begins with a dot, no
 * "//" in front. Most are such.
 */
function isPlain(path: string): boolean {
  return path.length <= MOST_CHARS && PLAIN.test(path) && !path.includes('/.');
}

function ofLiteral(path: string, fault: ReportFault): string | undefined {
  const below = path.startsWith('/') ? path.slice(1) : path;
  if (isPlain(below) && path.length <= MOST_CHARS) return below;
  const detail = literalFault(path);
  if (detail === undefined) return encodeURI(below).replaceAll('%25', '%');
  fault(['path'], detail);
  return undefined;
}

/** Why a path of literal text is not one to send; the escapes in it are the client's own. */
export function literalFault(path: string): string | undefined {
  if (path.length > MOST_CHARS) return `a path has at most ${MOST_CHARS} characters`;
  if (/[?#\\]/.test(path)) return '"?", "#" and "\\" are not allowed in a path; use query, or a list of segments';
  if (path.startsWith('//')) return 'a path may not begin with "//"';
  const seen = decodings(path);
  if (hasControls(path, seen) || !path.isWellFormed())
    return 'control characters, encoded or not, and lone surrogates are not allowed in a path';
  if (/%(?![0-9a-f]{2})/i.test(path))
    return 'a "%" begins two hexadecimal digits; a list of segments is encoded for you';
  if (seen && !seen.every((bytes) => isUtf8(Buffer.from(bytes, 'latin1'))))
    return 'what is encoded in a path is UTF-8; a list of segments is encoded for you';
  if (climbs(path, seen)) return 'a path may not have "." or ".." as a segment, encoded or not';
  return undefined;
}

function ofSegments(segments: readonly unknown[], fault: ReportFault): string | undefined {
  const encoded: (string | undefined)[] = [];
  let left = MOST_TOGETHER;
  for (const [index, segment] of segments.entries()) {
    const text = textOf(segment);
    encoded.push(ofText(text, (detail) => fault(['path', index], detail)));
    left -= text?.length ?? 0;
    if (left >= 0) continue;
    fault(['path'], `the segments of a path have at most ${MOST_TOGETHER} characters together`);
    return undefined;
  }
  return encoded.includes(undefined) ? undefined : encoded.join('/');
}

/** Whether references that are not yet known stand in a path. */
function isPlanned(path: unknown): path is readonly unknown[] {
  return Array.isArray(path) && path.some((segment) => segment instanceof Placeholder);
}

function planned(segment: unknown): (string | Placeholder)[] {
  return segment instanceof Placeholder ? ['/', segment] : [`/${ofText(textOf(segment), () => {})}`];
}

function textOf(segment: unknown): string | undefined {
  // Any text will do in its place while planning.
  if (segment instanceof Placeholder) return 'x';
  return toText(unwrapped(segment));
}

/** A segment with this text. */
function ofText(text: string | undefined, fault: (detail: string) => void): string | undefined {
  if (text !== undefined && isPlain(text) && !text.includes('/')) return text;
  if (text === undefined) fault('a string, number, boolean, id or date is allowed as a segment');
  else if (text === '') fault('a segment may not be empty');
  else if (text.length > MOST_CHARS) fault(`a segment has at most ${MOST_CHARS} characters`);
  else {
    const seen = decodings(text);
    if (hasControls(text, seen) || !text.isWellFormed())
      fault('a segment may not have control characters, encoded or not, or lone surrogates');
    else if (climbs(text, seen)) fault('a segment may not have "." or ".." between slashes, encoded or not');
    else return encodeURIComponent(text);
  }
  return undefined;
}

/** Whether there are control characters in a text, or in one of its decodings. */
function hasControls(text: string, seen: readonly string[] | undefined): boolean {
  if (!seen) return CONTROL.test(text);
  return seen.some((bytes) => CONTROL.test(Buffer.from(bytes, 'latin1').toString()));
}
