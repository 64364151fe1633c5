import { type FilterImplOptions, filters, toValue } from 'liquidjs';
import type { Steps } from '../../budget/work.ts';
import { Digits, toText } from '../../json/leaf.ts';
import { AT_ONCE, type Bounds, boundsOf } from './bounds.ts';
import { dateFilters } from './date-filters.ts';
import { linkOf } from './safe-link.ts';
import { inHtml, inLines, inScript, jsonText, shownText } from './shown-text.ts';
import { sort, sortNatural } from './sort-filters.ts';

type Handler = Extract<FilterImplOptions, (...all: never[]) => unknown>;

/** LiquidJS's filters that make a text or a number of what they take, however deep that is. */
const OF_TEXTS = `abs append array_to_sentence_string at_least at_most base64_encode capitalize ceil divided_by downcase
  floor join lstrip minus modulo normalize_whitespace number_of_words plus prepend round rstrip slugify squish strip
  strip_html strip_newlines times to_integer truncate truncatewords upcase`.split(/\s+/);

/** Those that search a text for a part of it. */
const OF_PARTS = 'remove remove_first remove_last replace replace_first replace_last'.split(' ');

/** Those that look at the members of a list alone. */
const OF_LISTS = 'compact concat map pop push reverse shift sum uniq unshift'.split(' ');

/** Those that look for what a path leads to in each member. */
const OF_PATHS = 'find find_index has reject where'.split(' ');

/** Bytes of a part that a text is split into, and of a group beside its members. */
const PART = 40;
const GROUP = 232;
/** Bytes of a key with its value, where an object is taken for a list of these. */
const PAIR = 72;

/** Those that look at the ends or the length of what they are given, which takes no time. */
const OF_ENDS = ['first', 'last', 'size'];

/**
 * All filters that a template may use. None reads anything or runs what data says; but for the date "now" the
 * same data make the same page.
 */
export const pageFilters: Readonly<Record<string, FilterImplOptions>> = {
  ...each(OF_TEXTS, (handler) => bounded(ofTexts(handler), depthOf)),
  ...each(OF_PARTS, searching),
  split: making(searching(filters['split'] as Handler), (parts) => PART * parts.length),
  ...each(OF_LISTS, (handler) => bounded(handler, lengthOf)),
  slice: bounded(sliced, lengthOf),
  ...each(OF_PATHS, (handler) => bounded(handler, lengthOf, pathLength)),
  group_by: making(bounded(filters['group_by'] as Handler, lengthOf, pathLength), sizeOfGroups),
  ...each(OF_ENDS, ofSized),
  default: filters['default'] as Handler,
  ...dateFilters,
  sort,
  sort_natural: sortNatural,
  raw: { raw: true, handler: made(shownText) },
  json: { raw: true, handler: made((value, bounds) => inScript(jsonText(value, bounds), bounds)) },
  escape: { raw: true, handler: made(escaped) },
  escape_once: { raw: true, handler: made(ofShown(escapedOnce)) },
  newline_to_br: { raw: true, handler: made(ofShown(inLines)) },
  url: made(ofShown(link)),
  url_encode: made(ofShown(encoded)),
  url_decode: made(ofShown(decoded)),
};

/** What is done to everything that a template writes, unless it says `raw` or the like. */
export const escapeOutput: Handler = function (value) {
  return escaped(value, boundsOf(this.context));
};

function escaped(value: unknown, bounds: Bounds): unknown {
  return inHtml(shownText(value, bounds), bounds);
}

/** A filter without arguments, whose texts are counted. */
function made(make: (value: unknown, bounds: Bounds) => unknown): Handler {
  return function (value: unknown) {
    const bounds = boundsOf(this.context);
    const result = make(value, bounds);
    if (typeof result === 'string') bounds.holdText(result);
    return typeof result === 'object' ? counted(result as Iterator<unknown>, bounds) : result;
  };
}

function* counted(steps: Iterator<unknown>, bounds: Bounds): Generator {
  const text = yield steps;
  bounds.holdText(text as string);
  return text;
}

/** A filter whose lists have members that were not there before; `sizeOf` tells the bytes of these. */
function making(handler: Handler, sizeOf: (list: readonly never[], from: unknown) => number): Handler {
  return function* (value: unknown, ...args: unknown[]) {
    const list = (yield handler.call(this, value, ...args)) as readonly never[];
    boundsOf(this.context).hold(sizeOf(list, value));
    return list;
  };
}

function sizeOfGroups(groups: readonly { readonly items: readonly unknown[] }[], from: unknown): number {
  const ofItem = Array.isArray(from) ? 0 : PAIR;
  return groups.reduce((bytes, { items }) => bytes + GROUP + ofItem * items.length, 0);
}

type Size = (value: unknown) => number;

/** Filters of LiquidJS, each made something of. */
function each(names: readonly string[], make: (handler: Handler) => Handler): Record<string, Handler> {
  return Object.fromEntries(names.map((name) => [name, make(filters[name] as Handler)]));
}

/** A filter that takes no more at once than it may; `sizeOfArg` is of its first argument. */
function bounded(handler: Handler, sizeOf: Size, sizeOfArg = sizeOf): Handler {
  return function (value: unknown, ...args: unknown[]) {
    const sizes = args.map((arg, at) => (at === 0 ? sizeOfArg(arg) : sizeOf(arg)));
    boundsOf(this.context).atOnce(sizes.reduce((sum, size) => sum + size, sizeOf(value)));
    return handler.call(this, value, ...args) as unknown;
  };
}

/** A filter that makes characters of what it takes. */
function ofTexts(handler: Handler): Handler {
  return function (value: unknown, ...args: unknown[]) {
    return handler.call(boundsOf(this.context).ofTexts as typeof this, value, ...args) as unknown;
  };
}

/** A filter that searches what it takes for its first argument. */
function searching(handler: Handler): Handler {
  const search = bounded(ofTexts(handler), depthOf);
  return function (value: unknown, part: unknown, ...args: unknown[]) {
    const text = textOf.call(this, value);
    const sought = textOf.call(this, part);
    boundsOf(this.context).search(text, sought);
    return search.call(this, text, sought, ...args) as unknown;
  };
}

const append = bounded(ofTexts(filters['append'] as Handler), depthOf);

/** Part of a list, or of a text. */
function sliced(this: ThisParameterType<Handler>, value: unknown, ...args: unknown[]): unknown {
  const slice = filters['slice'] as Handler;
  return (Array.isArray(value) ? slice : ofTexts(slice)).call(this, value, ...args);
}

/** What LiquidJS makes a text of, as that text. */
function textOf(this: ThisParameterType<Handler>, value: unknown): string {
  return typeof value === 'string' ? value : (append.call(this, value, '') as string);
}

/** A filter of texts, large numbers as text, and lists: LiquidJS would take any object with a `length`. */
function ofSized(handler: Handler): Handler {
  return function (value: unknown) {
    const plain = value instanceof Digits ? value.text : value;
    const isSized = typeof plain === 'string' || Array.isArray(plain);
    return handler.call(this, isSized ? plain : undefined) as unknown;
  };
}

/** LiquidJS reads a path as a part of a template: data could give it a range that never ends. */
function pathLength(path: unknown): number {
  const plain: unknown = toValue(path);
  const text = plain === null || plain === undefined ? '' : toText(plain);
  if (text === undefined) throw new Error('a path is a text');
  if (text.includes('(')) throw new Error('a path has no parentheses');
  return text.length;
}

function lengthOf(value: unknown): number {
  const plain = value instanceof Digits ? value.text : value;
  return typeof plain === 'string' || Array.isArray(plain) ? plain.length : 1;
}

/** Characters and members of a text or list at any depth, counted no further than they may be. */
function depthOf(value: unknown, most = AT_ONCE): number {
  if (!Array.isArray(value)) return lengthOf(value);
  let size: number = value.length;
  for (const member of value) {
    if (size > most) break;
    size += depthOf(member, most - size);
  }
  return size;
}

type OfText = (text: string, bounds: Bounds) => string | Steps<string>;

/** Makes something of the text that a value is written as. */
function ofShown(make: OfText): (value: unknown, bounds: Bounds) => string | Steps<string> {
  return (value, bounds) => {
    const text = shownText(value, bounds);
    return typeof text === 'string' ? make(text, bounds) : ofWritten(text, make, bounds);
  };
}

function* ofWritten(writing: Steps<string>, make: OfText, bounds: Bounds): Steps<string> {
  const made = make(yield* writing, bounds);
  return typeof made === 'string' ? made : yield* made;
}

/** What is escaped already is not escaped again. */
function escapedOnce(text: string, bounds: Bounds): string | Steps<string> {
  bounds.atOnce(text.length);
  return inHtml(
    text.replaceAll(/&(?:lt|gt|quot|#34|#39|amp);/g, (entity) => ENTITIES[entity] as string),
    bounds,
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#34;': '"',
  '&#39;': "'",
  '&amp;': '&',
};

function link(text: string, bounds: Bounds): string {
  bounds.atOnce(text.length);
  return linkOf(text);
}

/** What half a surrogate pair is in a URL is U+FFFD, as everywhere in UTF-8. */
function encoded(text: string, bounds: Bounds): string {
  bounds.atOnce(text.length);
  return encodeURIComponent(text.toWellFormed());
}

/** What is not encoded as it should be stays as it is. */
function decoded(text: string, bounds: Bounds): string {
  bounds.atOnce(text.length);
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
