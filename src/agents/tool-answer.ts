import { isComplete, lacking, type Member, type MemberList, stepOf, valued, winnerOf } from '../batch/run/reply.ts';
import { isHeld } from '../budget/turns.ts';
import type { Steps } from '../budget/work.ts';
import { addValue } from '../encodings/json.ts';
import { cutJson } from '../json/cut-json.ts';
import { fragment } from '../json/pointer.ts';
import { Text } from '../json/text.ts';
import { Notes } from './notes.ts';

/** What an agent can do about an answer that was cut. */
const HOW = 'Too large: whole members were left out. Ask for less by limit, projection, select, or fewer queries.';
/** The bytes of everything in an answer but results, errors and notes. */
const AROUND = 256;
/** The bytes of what is said of things that are missing: a part of all, and no more than so many. */
const notesIn = (most: number): number => Math.min(most >> 2, 4096);
/** Below so many bytes a value is not worth cutting: the queries at the end are left out instead. */
const LEAST = 64;

/**
 * The answer of a batch that ran, as text for an agent: JSON of the values alone, what failed and why, and,
 * where it would be longer than `most` bytes, what is missing. What is left out is counted until an instant.
 */
export function* toolAnswer(list: MemberList, most: number, until: number): Steps<string> {
  const errors = new Notes(most >> 2);
  for (const { path, reply } of lacking(list)) {
    if (isHeld()) yield;
    const where = whereOf(placeOf(path, list), path);
    errors.add({ ...where, defaulted: reply.defaulted, ...reply.error?.toJSON() });
  }
  const shares = yield* sharesOf(list, most - AROUND - errors.bytes, notesIn(most));
  const missing = new Notes(notesIn(most));
  if (shares.leftOut > 0) missing.add({ at: '#', shown: shares.shown.length, missing: shares.leftOut });
  const texts: string[] = [];
  for (const [position, { member, head, text, bytes, share }] of shares.shown.entries()) {
    if (isHeld()) yield;
    if (bytes <= share) {
      texts.push(head + text.toString());
      continue;
    }
    const cut = yield* cutJson(text, share, until);
    texts.push(head + cut.text);
    const place = [list.keyed ? stepOf(member) : position];
    if (cut.shortened.length === 0) missing.add({ ...whereOf(place, member.path), bytes });
    for (const { path, shown, missing: count } of cut.shortened) {
      const where = whereOf(place, member.path, path);
      missing.add({ ...where, shown, [cut.isCounted ? 'missing' : 'missingAtLeast']: count });
    }
  }
  const results = list.keyed ? `{${texts.join(',')}}` : `[${texts.join(',')}]`;
  return [
    `{"complete":${isComplete(list)}`,
    ...(missing.isEmpty ? [] : [`"cut":${JSON.stringify(HOW)},"missing":${missing.json}`]),
    ...(errors.isEmpty ? [] : [`"errors":${errors.json}`]),
    `"results":${results}}`,
  ].join(',');
}

/** Keys, and in lists positions. */
type Place = readonly (string | number)[];

/** What stands in a place of the results, or below; `path` says which query that was, unless this does. */
function whereOf(place: Place, path: Place, below: Place = []): object {
  const [at, asked] = [fragment(place), fragment(path)];
  return { at: below.length === 0 ? at : fragment([...place, ...below]), ...(asked !== at && { path: asked }) };
}

/**
 * Where among the values that of a member stands, or that of which it is a part: of a list those alone have a
 * place that count.
 */
function placeOf([step, ...below]: Place, list: MemberList): Place {
  const members = valued(list);
  const isAsked = (member?: Member): boolean => member !== undefined && stepOf(member) === step;
  // Most lists are in the order asked.
  const position = isAsked(members[Number(step)]) ? Number(step) : members.findIndex(isAsked);
  const member = members[position] as Member;
  return [list.keyed ? (step as string) : position, ...(member.hidden ? [] : placeIn(member, below))];
}

/** The same within a member's value; nowhere where that is another than what its members make. */
function placeIn({ node, reply: { status, list, value, winner } }: Member, path: Place): Place {
  if (!list || path.length === 0 || status === 'error') return [];
  // The winner's value stands in the place of the whole.
  if (winner !== undefined) return node.select ? [] : placeIn(winnerOf(list, winner), path.slice(1));
  return value ? [] : placeOf(path, list);
}

/** A member of the results, and how many bytes its value may have. */
interface Share {
  readonly member: Member;
  /** Its key. */
  readonly head: string;
  readonly text: Text;
  readonly bytes: number;
  readonly share: number;
}

interface Shares {
  readonly shown: readonly Share[];
  /** How many members at the end have no share. */
  readonly leftOut: number;
}

/**
 * Shares out the room for the results: what is small is there whole, and what is large gets an equal part of
 * what is left.
 */
function* sharesOf(list: MemberList, most: number, notes: number): Steps<Shares> {
  const all: Omit<Share, 'share'>[] = [];
  for (const member of valued(list)) {
    const head = list.keyed ? `${JSON.stringify(stepOf(member))}:` : '';
    const text = new Text();
    if (member.hidden) text.add('null');
    else addValue(text, member.reply);
    let bytes = 0;
    for (const piece of text) {
      bytes += typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length;
      if (isHeld()) yield;
    }
    all.push({ member, head, text, bytes });
  }
  const around = ({ head }: { readonly head: string }): number => Buffer.byteLength(head) + 1;
  const whole = all.reduce((sum, one) => sum + around(one) + one.bytes, 0);
  if (whole <= most) return { shown: all.map((one) => ({ ...one, share: one.bytes })), leftOut: 0 };
  // Beside what is cut there has to be room for what is said of that.
  let room = most - notes;
  let fitting = 0;
  for (let least = room; fitting < all.length; fitting++) {
    const one = all[fitting] as (typeof all)[number];
    least -= around(one) + Math.min(one.bytes, LEAST);
    if (least < 0) break;
    room -= around(one);
  }
  const shown = all.slice(0, fitting);
  const smallest = shown.map(({ bytes }) => bytes).toSorted((a, b) => a - b);
  let share = 0;
  for (const [at, bytes] of smallest.entries()) {
    share = Math.floor(room / (smallest.length - at));
    if (bytes > share) break;
    room -= bytes;
    share = bytes;
  }
  return { shown: shown.map((one) => ({ ...one, share })), leftOut: all.length - fitting };
}
