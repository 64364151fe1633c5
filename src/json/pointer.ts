import { isLeaf } from './leaf.ts';
import { hasMember, memberOf } from './members.ts';
import type { Steps, Work } from '../budget/work.ts';

/** What a pointer led to. */
export type There = { readonly found: true; readonly value: unknown } | { readonly found: false };

/** It led nowhere. */
export const NOT_FOUND: There = { found: false };
const INDEX = /^(?:0|[1-9]\d*)$/;

/** Whether a step is an index into a list (RFC 6901 §4). */
export function isIndex(step: string): boolean {
  return INDEX.test(step);
}

/** The steps of a JSON Pointer (RFC 6901 §3); none for `''`, the whole value. Throws SyntaxError. */
export function parsePointer(text: string): readonly string[] {
  if (text === '') return [];
  if (!isPointer(text)) throw new SyntaxError('no JSON Pointer');
  const steps = text.slice(1).split('/');
  return text.includes('~') ? steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~')) : steps;
}

/** Whether a text is a JSON Pointer. */
export function isPointer(text: string): boolean {
  return text === '' || (text.startsWith('/') && !/~(?![01])/.test(text));
}

/** The JSON Pointer with these steps (RFC 6901 §3). */
export function formatPointer(steps: readonly (string | number)[]): string {
  return steps.map((step) => `/${escapeStep(String(step))}`).join('');
}

function escapeStep(step: string): string {
  return step.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Characters of a fragment; `POINTER_STEPS` of its steps fit in whatever they are. */
const POINTER_CHARS = 1024;
const STEP_CHARS = 32;
const POINTER_STEPS = 30;
const ELLIPSIS = encodeURI('…');

/**
 * The JSON Pointer with these steps as a URI fragment (RFC 6901 §6), of at most 1,024 characters: of a
 * longer one the longest steps, and then the steps in the middle, are left out but for a "…". A lone
 * surrogate, which UTF-8 cannot hold, shows as U+FFFD.
 */
export function fragment(steps: readonly (string | number)[]): string {
  const texts = steps.map(String);
  // What is longer than a whole fragment is not encoded to find out how long it is.
  const encoded = texts.map((text) => (text.length < POINTER_CHARS ? encodeStep(text) : undefined));
  const lengths = encoded.map((step) => step?.length ?? POINTER_CHARS);
  let most = POINTER_CHARS;
  while (most > STEP_CHARS && sum(lengths, most) > POINTER_CHARS) most /= 2;
  const short = texts.map((text, at) => {
    const whole = encoded[at];
    return whole === undefined || whole.length > most ? elided(text, most) : whole;
  });
  if (sum(lengths, most) > POINTER_CHARS) short.splice(POINTER_STEPS / 2, short.length - POINTER_STEPS, ELLIPSIS);
  return ['#', ...short].join('/');
}

/** Characters of a fragment whose steps are at most so long. */
function sum(lengths: readonly number[], most: number): number {
  return lengths.reduce((total, length) => total + 1 + Math.min(length, most), 1);
}

function encodeStep(step: string): string {
  // What encodeURI leaves alone may stand in a fragment (RFC 3986 §3.5), except "#" itself.
  return encodeURI(escapeStep(step.toWellFormed())).replaceAll('#', '%23');
}

/** As much of a step's beginning and end as fits; no character is cut. */
function elided(step: string, most: number): string {
  const half = Math.floor((most - ELLIPSIS.length) / 2);
  const head = fitting(Array.from(step.slice(0, half)), half);
  const tail = fitting(Array.from(step.slice(-half)).toReversed(), half).toReversed();
  return `${head.join('')}${ELLIPSIS}${tail.join('')}`;
}

function fitting(characters: readonly string[], most: number): string[] {
  const kept: string[] = [];
  let length = 0;
  for (const character of characters) {
    const encoded = encodeStep(character);
    length += encoded.length;
    if (length > most) break;
    kept.push(encoded);
  }
  return kept;
}

/**
 * Follows steps into a value: by own key into an object, by index into a list, by `*` over a whole list. `*`
 * gathers what the steps after it lead to, passes over members where they lead nowhere, and adds the members
 * of a list instead of the list (RFC 8620 §3.7); in an object it is an ordinary key. Leaves such as dates and
 * ids lead nowhere.
 */
export function* follow(start: unknown, steps: readonly string[], work: Work, from = 0): Steps<There> {
  let value = start;
  for (let at = from; at < steps.length; at++) {
    if (work.tick()) yield;
    const step = steps[at] as string;
    if (typeof value !== 'object' || value === null) return NOT_FOUND;
    if (Array.isArray(value)) {
      if (step === '*') return { found: true, value: yield* overAll(value, steps, work, at + 1) };
      if (!isIndex(step) || Number(step) >= value.length) return NOT_FOUND;
      value = value[Number(step)];
    } else {
      if (isLeaf(value) || !hasMember(value, step)) return NOT_FOUND;
      value = memberOf(value, step);
    }
  }
  return { found: true, value };
}

function* overAll(
  members: readonly unknown[],
  steps: readonly string[],
  work: Work,
  from: number,
): Steps<readonly unknown[]> {
  const gathered: unknown[] = [];
  for (const member of members) {
    if (work.tick()) yield;
    if (from < steps.length) {
      const there = yield* follow(member, steps, work, from);
      if (there.found) yield* addTo(gathered, there.value, work);
    } else yield* addTo(gathered, member, work);
  }
  return gathered;
}

/** Adds what was found; of a list, its members. */
export function* addTo(gathered: unknown[], value: unknown, work: Work): Steps<void> {
  if (!Array.isArray(value)) gathered.push(value);
  else {
    for (const inner of value) {
      if (work.tick()) yield;
      gathered.push(inner);
    }
  }
}
