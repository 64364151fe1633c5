import { Joining } from '../../src/budget/joining.ts';
import { Work, type Steps } from '../../src/budget/work.ts';
import { CodapError } from '../../src/errors.ts';
import { entriesOf, put } from '../../src/json/members.ts';
import { isContainer, piecesOf } from '../../src/json/size.ts';
import { writeBytes, writeJson } from '../../src/json/write.ts';
import { Filled, Placeholder } from '../../src/store/placeholder.ts';
import type { Fault } from '../adapter.ts';

/** Pieces of a body that are written while it is compiled: a larger one is written when it is sent. */
const AT_ONCE = 8192;
/** What a body came to: that of a forEach without references is the same for each item. */
const written = new WeakMap<UnwrittenBody, Buffer>();
/** What was filled into a body: each is written once, however often it stands there. */
const filledInto = new WeakMap<UnwrittenBody, ReadonlySet<unknown>>();
const NOTHING: ReadonlySet<unknown> = new Set();
const TOO_DEEP = 'JSON nested at most 1,000 deep is allowed here';

/** A request's body: text as it stands, anything else as JSON. */
export interface WrittenBody {
  readonly text: string;
  readonly contentType: string;
}

/** One that is not written yet, because it is large, or references that are not yet known stand in it. */
export interface UnwrittenBody {
  /** Its value, with a Placeholder for each reference that is not yet known. */
  readonly template: unknown;
  /** Undefined where it depends on what a reference comes to, which stands for the whole. */
  readonly contentType: string | undefined;
}

/** What a query posts. */
export type RestBody = WrittenBody | UnwrittenBody;

const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json';

/** What a query posts; undefined after a fault. */
export function restBody(body: unknown, fault: Fault): RestBody | undefined {
  const bare = body instanceof Filled ? body.value : body;
  if (typeof bare === 'string') {
    if (!bare.isWellFormed()) fault(['body'], 'a text without lone surrogates is allowed here');
    return { text: bare, contentType: TEXT };
  }
  if (bare instanceof Placeholder) return { template: bare, contentType: bare.word === '$join' ? TEXT : undefined };
  const text: string[] = [];
  let pieces = 0;
  const tick = (count = 1): boolean => (pieces += count) > AT_ONCE;
  const add = (piece: string | Buffer): unknown => text.push(String(piece));
  const steps = writing(body, 0, { work: { tick }, add, filled: NOTHING, known: [] });
  try {
    if (steps.next().value === true) return { text: text.join(''), contentType: JSON_TYPE };
  } catch (error) {
    fault(['body'], error instanceof CodapError ? TOO_DEEP : 'JSON or text is allowed here');
    return undefined;
  }
  const filled = new Set<unknown>();
  const unwritten = { template: bareOf(body, filled), contentType: JSON_TYPE };
  if (filled.size > 0) filledInto.set(unwritten, filled);
  return unwritten;
}

/** A body with the bare values in it, which are `noted`: what holds none is not copied. */
function bareOf(node: unknown, noted: Set<unknown>): unknown {
  if (node instanceof Filled) {
    if (isShared(node.value)) noted.add(node.value);
    return node.value;
  }
  if (!isContainer(node) || node instanceof Placeholder) return node;
  if (Array.isArray(node)) {
    let list: unknown[] | undefined;
    for (const [at, member] of node.entries()) {
      const bare = bareOf(member, noted);
      if (bare !== member) (list ??= node.slice())[at] = bare;
    }
    return list ?? node;
  }
  let isSame = true;
  let copy: object = {};
  for (const [key, member] of entriesOf(node)) {
    const bare = bareOf(member, noted);
    if (bare !== member) isSame = false;
    copy = put(copy, key, bare);
  }
  return isSame ? node : copy;
}

/** Whether a value is written once for all places. Of others, 0 and -0 would be taken for the same. */
function isShared(value: unknown): boolean {
  return typeof value === 'string' || isContainer(value);
}

/** The bytes of a body, in turns with others. What that takes was counted when it was filled in. */
export function* bodyBytes(body: UnwrittenBody): Steps<Buffer> {
  const known = written.get(body);
  if (known) return known;
  const filled = filledInto.get(body) ?? NOTHING;
  const bytes = new Joining();
  try {
    const how: Writing = { work: new Work(Infinity), add: (piece) => bytes.add(piece), filled, known: [] };
    yield* writing(body.template, 0, how);
  } catch (error) {
    if (error instanceof CodapError && error.code === 'BAD_RESPONSE')
      throw new CodapError('INVALID', `a filled-in value does not fit: ${TOO_DEEP}`);
    throw error;
  }
  const whole = yield* bytes.whole();
  if (filled.size === 0) written.set(body, whole);
  return whole;
}

/** How a body is written. */
interface Writing {
  readonly work: Pick<Work, 'tick'>;
  readonly add: (piece: string | Buffer) => void;
  readonly filled: ReadonlySet<unknown>;
  /** What was filled in, as it was written, by how deep it stands. */
  readonly known: Map<unknown, Buffer>[];
}

/** Writes JSON with what was filled in; false where a reference that is not yet known ends it. */
function* writing(node: unknown, depth: number, how: Writing): Steps<boolean> {
  const { work, add, filled } = how;
  const value = node instanceof Filled ? node.value : node;
  if (work.tick(piecesOf(value))) yield;
  if (node instanceof Placeholder) return false;
  if (isShared(value) && (value !== node || filled.has(value))) {
    const known = (how.known[depth] ??= new Map<unknown, Buffer>());
    let bytes = known.get(value);
    if (!bytes) known.set(value, (bytes = yield* writeBytes(value, 'plain', work, depth)));
    add(bytes);
    return true;
  }
  if (!isContainer(value)) {
    add(writeJson(value));
    return true;
  }
  const isList = Array.isArray(value);
  let before = isList ? '[' : '{';
  if (isList) {
    for (const member of value) {
      add(before);
      if (!(yield* writing(member, depth + 1, how))) return false;
      before = ',';
    }
  } else {
    for (const [key, member] of entriesOf(value)) {
      add(`${before}${JSON.stringify(key)}:`);
      if (!(yield* writing(member, depth + 1, how))) return false;
      before = ',';
    }
  }
  if (before !== ',') add(before);
  add(isList ? ']' : '}');
  return true;
}
