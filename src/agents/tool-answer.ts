import { lacking, type Member, type MemberList, stepOf, valued, winnerOf } from '../batch/run/reply.ts';
import { addValue } from '../batch/run/value-text.ts';
import { isLoopHeld } from '../budget/turns.ts';
import type { Steps } from '../budget/work.ts';
import { firstWithin } from '../ground/first-within.ts';
import { type CutJson, cutJson } from '../json/cut-json.ts';
import { fragment } from '../json/pointer.ts';
import { Text } from '../json/text.ts';
import { Notes } from './notes.ts';

/** What an agent can do about an answer that was cut. */
const HOW = 'Too large: whole members were left out. Ask for less by limit, projection, select, or fewer queries.';
/** The most bytes of what is said of what is missing. */
const MOST_MISSING = 4096;
/** Below so many bytes a value is not worth cutting: the queries at the end are left out instead. */
const LEAST = 64;

/**
 * The answer of a batch that ran, as text for an agent: JSON of the values alone, what failed and why, and,
 * where it would be longer than `most` bytes, what is missing. What is left out is counted until an instant.
 */
export function* toolAnswer(list: MemberList, most: number, until: number): Steps<string> {
  const errors = new Notes();
  for (const { path, reply } of lacking(list)) {
    if (isLoopHeld()) yield;
    const where = whereOf(placeOf(path, list), path);
    errors.add({ ...where, defaulted: reply.defaulted, ...reply.error?.toJSON() });
  }
  const results = yield* resultsOf(list);
  const answer = (failures: string, values: string, missing?: string): string =>
    [
      `{"complete":${errors.isEmpty}`,
      ...(missing === undefined ? [] : [`"cut":${JSON.stringify(HOW)},"missing":${missing}`]),
      ...(errors.isEmpty ? [] : [`"errors":${failures}`]),
      `"results":${list.keyed ? `{${values}}` : `[${values}]`}}`,
    ].join(',');
  const roomIn = (frame: string): number => most - Buffer.byteLength(frame);
  // No comma stands before the first.
  const whole = results.reduce((sum, { around, bytes }) => sum + around + bytes, -1);
  // What failed has the room that the results leave, and where that is little a part of all.
  const failures = errors.within(Math.max(most >> 2, roomIn(answer('', '')) - whole));
  if (whole <= roomIn(answer(failures, '')))
    return answer(failures, results.map(({ head, text }) => head + text.toString()).join(','));
  // Beside what is cut there has to be room for what is said of that.
  const reserved = Math.min(most >> 2, MOST_MISSING);
  const room = roomIn(answer(failures, '', '')) - reserved;
  // Of each so much as is worth showing.
  const shown = firstWithin(results, room, ({ around, bytes }) => around + Math.min(bytes, LEAST));
  const cuts = yield* cutToFit(shown, room, until);
  const missing = new Notes();
  if (shown.length < results.length)
    missing.add({ at: '#', shown: shown.length, missing: results.length - shown.length });
  const values: string[] = [];
  for (const [position, result] of shown.entries()) {
    if (isLoopHeld()) yield;
    const { member, head, text, bytes } = result;
    const cut = cuts.get(result);
    values.push(head + (cut?.text ?? text.toString()));
    if (!cut) continue;
    const place = [list.keyed ? stepOf(member) : position];
    if (cut.text === 'null') missing.add({ ...whereOf(place, member.path), bytes });
    for (const { path, shown, missing: count } of cut.shortened) {
      const where = whereOf(place, member.path, path);
      missing.add({ ...where, shown, [cut.isCounted ? 'missing' : 'missingAtLeast']: count });
    }
  }
  return answer(failures, values.join(','), missing.isEmpty ? undefined : missing.within(reserved));
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

/** A member of the results. */
interface Result {
  readonly member: Member;
  /** Its key. */
  readonly head: string;
  readonly text: Text;
  /** Bytes of its value, and of what stands around that: its key and a comma. */
  readonly bytes: number;
  readonly around: number;
}

function* resultsOf(list: MemberList): Steps<readonly Result[]> {
  const results: Result[] = [];
  for (const member of valued(list)) {
    const head = list.keyed ? `${JSON.stringify(stepOf(member))}:` : '';
    const text = new Text();
    if (member.hidden) text.add('null');
    else addValue(text, member.reply);
    let bytes = 0;
    for (const piece of text) {
      bytes += typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length;
      if (isLoopHeld()) yield;
    }
    results.push({ member, head, text, bytes, around: Buffer.byteLength(head) + 1 });
  }
  return results;
}

/**
 * Shares so many bytes out: what is small is there whole, what is large is cut to an equal part of what is
 * left. What it cannot use of that, since it is cut to whole members, is the others'.
 */
function* cutToFit(results: readonly Result[], most: number, until: number): Steps<ReadonlyMap<Result, CutJson>> {
  const cuts = new Map<Result, CutJson>();
  const waiting = results.toSorted((a, b) => a.bytes - b.bytes);
  let room = results.reduce((left, { around }) => left - around, most);
  for (let [smallest] = waiting; smallest; [smallest] = waiting) {
    if (isLoopHeld()) yield;
    const part = Math.floor(room / waiting.length);
    if (smallest.bytes <= part) {
      waiting.shift();
      room -= smallest.bytes;
      continue;
    }
    const largest = waiting.pop() as Result;
    const cut = yield* cutJson(largest.text, part, until);
    cuts.set(largest, cut);
    room -= Buffer.byteLength(cut.text);
  }
  return cuts;
}
