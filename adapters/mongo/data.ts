import { entriesOf, put } from '../../src/json/members.ts';
import { choice } from '../../src/store/choice.ts';
import { Filled, isHole, isPlainReference, unwrapped, type Hole } from '../../src/store/placeholder.ts';
import { bareNumber, isWrapper, readWrapper, wrappersFor } from './extended-json.ts';
import { dataOf } from './filled.ts';
import { untyped } from './untyped.ts';
import { isFields, isSendable, UNSENDABLE, type Read, type Walk } from './walk.ts';

/** Reads a value that is nothing but data: JSON, Extended JSON, references at any depth. */
export function readData(walk: Walk, value: unknown): unknown {
  if (isHole(value)) return walk.mayHole() ? readHole(walk, value) : null;
  if (Array.isArray(value)) return value.map((member, index) => walk.at(index, member, readData));
  if (!isFields(value)) return untyped(value);
  if (isWrapper(value)) return readWrapper(walk, value);
  let copy: object = {};
  for (const [key, member] of entriesOf(value)) {
    if (key.startsWith('$'))
      walk.faultAt(
        key,
        `no operator may stand here${walk.takesReferences ? ', but a reference may' : ''}; ${choice(wrappersFor(walk))}`,
      );
    else if (!isSendable(key)) walk.faultAt(key, UNSENDABLE);
    else copy = put(copy, key, walk.at(key, member, readData));
  }
  return copy;
}

/** What a reference is sent as where data may stand; while it is not filled in, itself. */
export function readHole(walk: Walk, hole: Hole): unknown {
  return hole instanceof Filled ? walk.filling(() => dataOf(hole, walk.room)) : hole;
}

/** Reads data in which no reference may stand. */
export function readLiteral(walk: Walk, value: unknown): unknown {
  return walk.literally(value, readData);
}

/** A position that takes one kind of value alone, written out or filled in. */
function readOnly(fits: (value: unknown) => boolean, what: string): Read {
  return (walk, value) => {
    if (isHole(value) && !walk.mayHole()) return null;
    if (isPlainReference(value)) return value;
    const known = unwrapped(value);
    return fits(known) ? known : walk.other(value, what);
  };
}

/** A position that takes a whole number, written out, in Extended JSON too, or filled in. */
export function readWhole(least: 0 | 1): Read {
  const read = readOnly(
    (value) => Number.isSafeInteger(value) && Number(value) >= least,
    `a whole number, ${least} or more`,
  );
  return (walk, value) => {
    if (value instanceof Filled) return read(walk, new Filled(bareNumber(value.value)));
    if (!isFields(value) || !isWrapper(value)) return read(walk, value);
    const number = bareNumber(readWrapper(walk, value));
    return number === null || number === value ? number : read(walk, number);
  };
}
