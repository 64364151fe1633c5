import type { Steps, Work } from '../budget/work.ts';
import { firstWithin } from '../ground/first-within.ts';
import { cutJson } from '../json/cut-json.ts';
import { BadRequest } from '../json/fault-list.ts';
import { followPath, hasMember, memberOf } from '../json/members.ts';
import { formatPointer, fragment, parsePointer } from '../json/pointer.ts';
import { isContainer } from '../json/size.ts';
import { writeText } from '../json/write.ts';
import { choice } from '../store/choice.ts';
import { Notes } from './notes.ts';

/** What an agent can do about a description that was cut. */
const HOW =
  'Too large: whole members were left out. Ask for one by the argument at, ' +
  'a JSON Pointer such as /contents/collections/orders: an at of missing, and one of its names.';
/** The bytes of all but the description and what is missing of it. */
const AROUND = 256;

/**
 * What describes a source, or the part of that to which a JSON Pointer leads, as JSON; where it would be
 * longer than `most` bytes, cut to whole members. Throws BadRequest for a pointer that leads nowhere.
 */
export function* describedPart(told: object, at: string, most: number, work: Work): Steps<string> {
  const steps = stepsOf(at, told, most);
  const part = followPath(told, steps);
  const text = yield* writeText(part, 'plain', work);
  if (Buffer.byteLength(text) <= most) return text;
  const notes = most >> 2;
  const cut = yield* cutJson([text], most - AROUND - notes, Infinity);
  const missing = new Notes();
  if (cut.shortened.length === 0) missing.add({ at: fragment(steps), bytes: Buffer.byteLength(text) });
  let room = notes >> 1;
  for (const { path, shown, missing: count } of cut.shortened) {
    const names = firstWithin(namesIn(followPath(part, path)).slice(shown), room, bytesOf);
    room -= Buffer.byteLength(JSON.stringify(names));
    missing.add({ at: fragment([...steps, ...path]), shown, missing: count, ...(names.length > 0 && { names }) });
  }
  return `{"cut":${JSON.stringify(HOW)},"missing":${missing.within(notes)},"description":${cut.text}}`;
}

/** The steps of a pointer into a description, which may be written as a fragment, as those that are told. */
function stepsOf(at: string, told: object, most: number): readonly string[] {
  let steps: readonly string[];
  try {
    steps = parsePointer(at.startsWith('#') ? decodeURIComponent(at.slice(1)) : at);
  } catch {
    throw fault('a JSON Pointer into the description is allowed here');
  }
  let place: unknown = told;
  for (const [depth, step] of steps.entries()) {
    if (!isContainer(place) || !hasMember(place, step)) throw fault(below(steps.slice(0, depth), place, most));
    place = memberOf(place, step);
  }
  return steps;
}

/** Says what is allowed where a pointer leads nowhere from a place. */
function below(steps: readonly string[], place: unknown, most: number): string {
  const members = isContainer(place) ? Object.keys(place) : [];
  const pointers = members.length > 0 ? members.map((name) => formatPointer([...steps, name])) : [formatPointer(steps)];
  return `no such part; ${choice(pointers, most >> 1)}`;
}

/** The names of the members of an object; of a list there are none. */
function namesIn(value: unknown): readonly string[] {
  return isContainer(value) && !Array.isArray(value) ? Object.keys(value) : [];
}

/** Of a name in a list of JSON. */
function bytesOf(name: string): number {
  return Buffer.byteLength(JSON.stringify(name)) + 1;
}

function fault(detail: string): BadRequest {
  return new BadRequest([{ pointer: '#/at', detail }]);
}
