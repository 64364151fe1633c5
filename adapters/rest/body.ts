import { Joining } from '../../src/budget/joining.ts';
import { isLoopHeld } from '../../src/budget/turns.ts';
import { Work, type Steps } from '../../src/budget/work.ts';
import { CodapError } from '../../src/errors.ts';
import { entriesOf } from '../../src/json/members.ts';
import { isContainer, piecesOf } from '../../src/json/size.ts';
import { slices } from '../../src/json/text.ts';
import { writeBytes, writeJson } from '../../src/json/write.ts';
import { Filled, Placeholder, unwrapped } from '../../src/store/placeholder.ts';
import type { ReportFault } from '../adapter.ts';

/** Pieces of a body that are written while it is compiled: a larger one is written when it is sent. */
const AT_ONCE = 8192;
/** What a body came to: that of a forEach without references is the same for each item. */
const written = new WeakMap<UnwrittenBody, Buffer>();
const NO_TEXT = 'a text without lone surrogates is allowed here';
const TOO_DEEP = 'JSON nested at most 1,000 deep is allowed here';

/** A request's body: text as it stands, anything else as JSON. */
export interface WrittenBody {
  readonly text: string;
  readonly contentType: string;
}

/** One that is not written yet, because it is large, or references that are not yet known stand in it. */
export interface UnwrittenBody {
  /** Of a text, what it is filled in with. */
  readonly template: unknown;
  /** Undefined where it depends on what a reference comes to, which stands for the whole. */
  readonly contentType: string | undefined;
}

/** What a query posts. */
export type RestBody = WrittenBody | UnwrittenBody;

const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json';

/** What a query posts; undefined after a fault. */
export function restBody(body: unknown, fault: ReportFault): RestBody | undefined {
  const bare = unwrapped(body);
  if (typeof bare === 'string') {
    if (body instanceof Filled && piecesOf(bare) > AT_ONCE) return { template: body, contentType: TEXT };
    if (!bare.isWellFormed()) fault(['body'], NO_TEXT);
    return { text: bare, contentType: TEXT };
  }
  if (bare instanceof Placeholder) return { template: bare, contentType: bare.word === '$join' ? TEXT : undefined };
  const text: string[] = [];
  let pieces = 0;
  const tick = (count = 1): boolean => (pieces += count) > AT_ONCE;
  const steps = writing(body, 0, { work: { tick }, add: (piece) => text.push(String(piece)), filled: [] });
  try {
    const { value: isWhole } = steps.next();
    return isWhole ? { text: text.join(''), contentType: JSON_TYPE } : { template: body, contentType: JSON_TYPE };
  } catch (error) {
    fault(['body'], error instanceof CodapError ? TOO_DEEP : 'JSON or text is allowed here');
    return undefined;
  }
}

/** The bytes of a body, in turns with others. What that takes was counted when it was filled in. */
export function* bodyBytes(body: UnwrittenBody): Steps<Buffer> {
  const known = written.get(body);
  if (known) return known;
  if (body.contentType === TEXT) return yield* textBytes((body.template as Filled).value as string);
  const filled: Writing['filled'] = [];
  const bytes = new Joining();
  try {
    yield* writing(body.template, 0, { work: new Work(Infinity), add: (piece) => bytes.add(piece), filled });
  } catch (error) {
    if (error instanceof CodapError && error.code === 'BAD_RESPONSE')
      throw new CodapError('INVALID', `a filled-in value does not fit: ${TOO_DEEP}`);
    throw error;
  }
  const whole = yield* bytes.whole();
  if (filled.length === 0) written.set(body, whole);
  return whole;
}

function* textBytes(text: string): Steps<Buffer> {
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(text));
  let at = 0;
  for (const slice of slices([text]) as Iterable<string>) {
    if (!slice.isWellFormed()) throw new CodapError('INVALID', `a filled-in value does not fit: ${NO_TEXT}`);
    at += bytes.write(slice, at);
    if (isLoopHeld()) yield;
  }
  return bytes;
}

/** How a body is written. */
interface Writing {
  readonly work: Pick<Work, 'tick'>;
  readonly add: (piece: string | Buffer) => void;
  /** What was filled in, by how deep it stands: each is written once, however often it is there. */
  readonly filled: Map<unknown, Buffer>[];
}

/** Writes JSON with what was filled in; false where a reference that is not yet known ends it. */
function* writing(node: unknown, depth: number, how: Writing): Steps<boolean> {
  const { work, add, filled } = how;
  if (work.tick(piecesOf(unwrapped(node)))) yield;
  if (node instanceof Placeholder) return false;
  if (node instanceof Filled) {
    const known = (filled[depth] ??= new Map<unknown, Buffer>());
    // A Map takes -0 for 0.
    const key = Object.is(node.value, -0) ? known : node.value;
    let bytes = known.get(key);
    if (!bytes) known.set(key, (bytes = yield* writeBytes(node.value, 'plain', work, depth)));
    add(bytes);
    return true;
  }
  if (!isContainer(node)) {
    add(writeJson(node));
    return true;
  }
  const isList = Array.isArray(node);
  let before = isList ? '[' : '{';
  if (isList) {
    for (const member of node) {
      add(before);
      if (!(yield* writing(member, depth + 1, how))) return false;
      before = ',';
    }
  } else {
    for (const [key, member] of entriesOf(node)) {
      add(`${before}${JSON.stringify(key)}:`);
      if (!(yield* writing(member, depth + 1, how))) return false;
      before = ',';
    }
  }
  if (before !== ',') add(before);
  add(isList ? ']' : '}');
  return true;
}
