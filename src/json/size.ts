import { Binary } from 'bson';
import type { Steps, Work } from '../budget/work.ts';
import { Digits, isLeaf } from './leaf.ts';
import { entriesOf } from './members.ts';

/** What a value takes: at least so many bytes of JSON, and pieces of work to copy it. */
export interface Size {
  readonly bytes: number;
  readonly pieces: number;
}

/** What a value takes to write: pieces of work, counted on as it is sized. */
export interface Tally {
  pieces: number;
}

/**
 * At least how many bytes the JSON of a value has, found without writing it: characters count as one byte,
 * numbers and the like as one. Counts no further than it takes to know that there are more than `most`.
 */
export function* sizing(value: unknown, work: Work, most = Infinity, tally: Tally = { pieces: 0 }): Steps<number> {
  if (typeof value !== 'object' || value === null || isLeaf(value)) return bytesOfLeaf(value);
  // The brackets; n members have n - 1 commas between them.
  let size = 1;
  if (Array.isArray(value)) {
    for (const member of value) {
      const pieces = piecesOf(member);
      tally.pieces += pieces;
      if (work.tick(pieces)) yield;
      size += 1 + (isContainer(member) ? yield* sizing(member, work, most - size, tally) : bytesOfLeaf(member));
      if (size > most) return size;
    }
  } else {
    for (const [key, member] of entriesOf(value)) {
      const pieces = piecesOf(member);
      tally.pieces += pieces;
      if (work.tick(pieces)) yield;
      size +=
        4 + key.length + (isContainer(member) ? yield* sizing(member, work, most - size, tally) : bytesOfLeaf(member));
      if (size > most) return size;
    }
  }
  return size > 1 ? size : 2;
}

/** Pieces of work that a member is: 64 characters of a text are one. */
export function piecesOf(member: unknown): number {
  return typeof member === 'string' ? 1 + (member.length >> 6) : 1;
}

/** Whether a value holds others: an object or a list, and no typed value. */
export function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isLeaf(value);
}

/** What a value takes that holds no others. */
export function sizeOfLeaf(value: unknown): Size {
  return { bytes: bytesOfLeaf(value), pieces: piecesOf(value) };
}

function bytesOfLeaf(value: unknown): number {
  if (typeof value === 'string') return value.length + 2;
  if (value instanceof Digits) return value.text.length;
  return value instanceof Binary ? value.length() : 1;
}
